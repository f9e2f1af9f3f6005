import { Secret } from "@sluice/service";

/** The HTTP proxy through which the gateway is reached. */
export interface Proxy {
  /** `http://user:password@host:port`, or the same with https. */
  url: Secret;
  /** Hosts that are reached without it, as in `NO_PROXY`. */
  exceptions: string;
}

/**
 * Checks a proxy's address, of which the scheme may be missing. Throws a `RangeError` that names the variable
 * and never shows its value, which may hold a password.
 */
export function parseProxy(variable: string, text: string, exceptions = ""): Proxy {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || !["http:", "https:"].includes(url.protocol) || !isDecodable(url)) {
    throw new RangeError(
      `Cannot use ${variable}: what it holds is no address of an HTTP proxy; write it like "http://user:password@proxy.example:3128", with % and @ of a password as %25 and %40`,
    );
  }
  return { url: new Secret(url.href), exceptions };
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}${password}`);
    return true;
  } catch {
    return false;
  }
}

/** What of the proxy's address no message may show. */
export function proxySecret({ url }: Proxy): string {
  return decodeURIComponent(URL.parse(url.reveal())?.password ?? "");
}
