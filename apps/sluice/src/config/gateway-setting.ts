import { gatewayOfPlatform, parseGatewayUrl } from "@sluice/csam";

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with the gateway that `QUALYS_PLATFORM` names, and what is wrong with it or with `QUALYS_GATEWAY_URL`. */
export function withGateway(environment: Environment): {
  environment: Environment;
  problems: readonly string[];
} {
  const url = environment["QUALYS_GATEWAY_URL"]?.trim() ?? "";
  const platform = environment["QUALYS_PLATFORM"]?.trim() ?? "";
  if (url === "" && platform === "") return { environment, problems: [] };
  try {
    const gateway = gatewayOf(url, platform, environment["SLUICE_PLAIN_HTTP_HOST"]?.trim());
    return { environment: { ...environment, QUALYS_GATEWAY_URL: gateway }, problems: [] };
  } catch (error) {
    // Any value will do: nothing is made of it, and it is not reported as missing besides.
    const gateway = { QUALYS_GATEWAY_URL: url || platform };
    const problem = error instanceof Error ? error.message : String(error);
    return { environment: { ...environment, ...gateway }, problems: [problem] };
  }
}

function gatewayOf(url: string, platform: string, plainHttpHost?: string): string {
  if (url !== "") parseGatewayUrl(url, plainHttpHost);
  if (platform === "") return url;
  const gateway = gatewayOfPlatform(platform);
  const isSame = () => parseGatewayUrl(url, plainHttpHost).host === parseGatewayUrl(gateway).host;
  if (url === "" || isSame()) return gateway;
  throw new RangeError(
    `Cannot use QUALYS_PLATFORM and QUALYS_GATEWAY_URL together: the gateway of ${platform} is "${gateway}", not "${url}"; leave one of them out`,
  );
}
