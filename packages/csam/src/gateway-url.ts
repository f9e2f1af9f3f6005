/**
 * Checks the base address of a Qualys gateway: `https:` anywhere, `http:` only on this machine and on the one host that
 * was named for it, because credentials travel over it. Throws a `RangeError` that names the setting and the remedy.
 */
export function parseGatewayUrl(text: string, plainHttpHost?: string): URL {
  const url = URL.parse(text);
  if (url === null) {
    throw new RangeError(
      `Cannot use QUALYS_GATEWAY_URL: ${shown(text)} is not an address; write it like "https://gateway.qg1.apps.qualys.com"`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new RangeError(
      `Cannot use QUALYS_GATEWAY_URL: the address of "${url.host}" has credentials in it; give them as QUALYS_USERNAME and QUALYS_PASSWORD`,
    );
  }
  const isPlain = isLoopback(url.hostname) || url.hostname === plainHttpHost?.toLowerCase();
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isPlain)) {
    throw new RangeError(
      `Cannot use QUALYS_GATEWAY_URL: "${url.protocol}//${url.host}" would carry the credentials in clear; use https (http is for this machine only, as with the sandbox)`,
    );
  }
  return url;
}

/** The address of `path` below the gateway, which may itself live below a path. */
export function endpoint(gateway: URL, path: string, query: Record<string, string> = {}): URL {
  const url = new URL(gateway);
  url.pathname = gateway.pathname.replace(/\/$/, "") + path;
  url.search = new URLSearchParams(query).toString();
  url.hash = "";
  return url;
}

/** URL parsing has already brought `127.1`, `0x7f000001` and the like into these spellings. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** What stands before an `@` may be a password. */
function shown(text: string): string {
  return text.includes("@") ? "what it holds" : `"${text.slice(0, 200)}"`;
}
