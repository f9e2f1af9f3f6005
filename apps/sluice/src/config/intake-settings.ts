import { readFileSync } from "node:fs";
import type { IntakeSettings } from "@sluice/producer";
import { ConfigError, Secret, type intakeSettings } from "@sluice/service";
import type { z } from "zod";

/** The intake's settings, or null where nobody could use it: no keys and no secrets are configured. */
export function toIntake(config: z.output<typeof intakeSettings>): IntakeSettings | null {
  const keysFile = config.SLUICE_INTAKE_KEYS_FILE ?? null;
  const webhookSecrets = (config.SLUICE_INTAKE_WEBHOOK_SECRETS?.reveal() ?? "")
    .split(/[\s,]+/)
    .filter((text) => text !== "")
    .map((text) => new Secret(text));
  if (keysFile === null && webhookSecrets.length === 0) return null;
  return {
    host: config.SLUICE_INTAKE_HOST,
    port: config.SLUICE_INTAKE_PORT,
    keysFile,
    webhookSecrets,
    tls: toTls(config),
    bodyBytesMax: config.SLUICE_INTAKE_BODY_BYTES_MAX,
    callsPerSecMax: config.SLUICE_INTAKE_CALLS_PER_SEC_MAX,
    lingerMs: config.SLUICE_INTAKE_LINGER_MS,
  };
}

function toTls(config: z.output<typeof intakeSettings>): IntakeSettings["tls"] {
  const { SLUICE_INTAKE_TLS_CERT_FILE: cert, SLUICE_INTAKE_TLS_KEY_FILE: key } = config;
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined || key === undefined) {
    const missing = cert === undefined ? "CERT" : "KEY";
    throw new ConfigError([
      `SLUICE_INTAKE_TLS_${missing}_FILE: is not set; TLS needs a certificate and its key`,
    ]);
  }
  return {
    cert: readPem("SLUICE_INTAKE_TLS_CERT_FILE", cert),
    key: readPem("SLUICE_INTAKE_TLS_KEY_FILE", key),
  };
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([`${name}: cannot read "${path}" (${code}); check path and permissions`]);
  }
}
