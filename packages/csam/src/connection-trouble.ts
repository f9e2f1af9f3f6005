/** Codes of OpenSSL and Node.js for a certificate that leads to no trusted root. */
const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Says in words, with the remedy, why no answer came from the gateway at `host`. */
export function connectionTrouble(
  error: Error | undefined,
  host: string,
  hasProxy: boolean,
): string {
  const code = error !== undefined && "code" in error ? String(error.code) : "";
  const message = error?.message ?? "the connection was closed";
  if (UNTRUSTED.has(code)) {
    return `the certificate of "${host}" leads to no trusted root (${code}); if a company's proxy or gateway has its own, give that root as QUALYS_CA_FILE`;
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `the certificate is not for "${host}" (${code}); check QUALYS_GATEWAY_URL`;
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return `the certificate of "${host}" is not valid now (${code}); check this machine's clock`;
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) {
    return `"${host}" does not speak TLS (${code}); check QUALYS_GATEWAY_URL`;
  }
  if (code === "ERR_PROXY_TUNNEL") return tunnelTrouble(message, host);
  const where = hasProxy ? "QUALYS_PROXY (or HTTPS_PROXY)" : "QUALYS_GATEWAY_URL";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `the name ${hasProxy ? "of the proxy" : `"${host}"`} has no address (${code}); check ${where} and the DNS`;
  }
  return `${message}; check ${where} and the network`;
}

function tunnelTrouble(message: string, host: string): string {
  const status = /HTTP\/1\.\d (\d{3}.*)$/s.exec(message)?.[1];
  if (status?.startsWith("407")) {
    return `the proxy does not accept the user (${status}); check user and password in QUALYS_PROXY (or HTTPS_PROXY)`;
  }
  return `the proxy opens no way to "${host}" (${status ?? message}); check QUALYS_PROXY (or HTTPS_PROXY), and that the proxy allows this host`;
}
