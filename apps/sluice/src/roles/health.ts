import { healthSettings, loadConfig, serveHealth, type HealthServer } from "@sluice/service";
import { CommandError, EXIT } from "../exit-codes.ts";

/**
 * Serves health where the environment has a port for it. Not ready is a process whose Redis does not answer; one that
 * is starting or stopping does not serve it. One that has failed is neither ready nor alive.
 */
export async function serveHealthIfAsked(
  environment: Readonly<Record<string, string | undefined>>,
  ping?: () => Promise<unknown>,
  failure: () => string | null = () => null,
): Promise<HealthServer | null> {
  const config = loadConfig(healthSettings, environment);
  if (config.SLUICE_HEALTH_PORT === undefined) return null;
  const options = { host: config.SLUICE_HEALTH_HOST, port: config.SLUICE_HEALTH_PORT };
  const readiness = async () => await problemOf(ping);
  return await serveHealth({ ...options, readiness, failure }).catch((cause: Error) => {
    throw new CommandError(cause.message, EXIT.usage, { cause });
  });
}

async function problemOf(ping?: () => Promise<unknown>): Promise<string | null> {
  try {
    await ping?.();
    return null;
  } catch (error) {
    return `Redis does not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}
