export type { AssetIdentity } from "./asset-errors.ts";
export type { AssetFilter, AssetPage, AssetQuery, AssetSearch } from "./asset-page.ts";
export type { Failure } from "./answer.ts";
export {
  CsamClient,
  type CsamOptions,
  type ImportAnswer,
  type ImportRequest,
  type ReadAnswer,
} from "./client.ts";
export type { Credentials } from "./credentials.ts";
export { parseGatewayUrl } from "./gateway-url.ts";
export { gatewayOfPlatform, PLATFORMS } from "./platforms.ts";
export { parseProxy, type Proxy } from "./proxy.ts";
export type { SignIn } from "./sign-in.ts";
