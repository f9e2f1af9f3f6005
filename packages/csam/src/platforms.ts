/** The gateways of Qualys's platforms, by the names of https://www.qualys.com/platform-identification/. */
const GATEWAYS: Readonly<Record<string, string>> = {
  US1: "https://gateway.qg1.apps.qualys.com",
  US2: "https://gateway.qg2.apps.qualys.com",
  US3: "https://gateway.qg3.apps.qualys.com",
  US4: "https://gateway.qg4.apps.qualys.com",
  GOV1: "https://gateway.gov1.qualys.us",
  EU1: "https://gateway.qg1.apps.qualys.eu",
  EU2: "https://gateway.qg2.apps.qualys.eu",
  EU3: "https://gateway.qg3.apps.qualys.it",
  IN1: "https://gateway.qg1.apps.qualys.in",
  CA1: "https://gateway.qg1.apps.qualys.ca",
  AE1: "https://gateway.qg1.apps.qualys.ae",
  UK1: "https://gateway.qg1.apps.qualys.co.uk",
  AU1: "https://gateway.qg1.apps.qualys.com.au",
  KSA1: "https://gateway.qg1.apps.qualysksa.com",
};

/** The names of the platforms. */
export const PLATFORMS: readonly string[] = Object.keys(GATEWAYS);

/**
 * The gateway of a platform, such as `EU2`, in any case. Throws a `RangeError` that lists the names for any other.
 */
export function gatewayOfPlatform(platform: string): string {
  const name = platform.trim().toUpperCase();
  const gateway = Object.hasOwn(GATEWAYS, name) ? GATEWAYS[name] : undefined;
  if (gateway !== undefined) return gateway;
  const names = PLATFORMS.join(", ");
  throw new RangeError(
    `Cannot use QUALYS_PLATFORM: ${JSON.stringify(platform)} is no platform; use one of ${names}, or QUALYS_GATEWAY_URL for any other`,
  );
}
