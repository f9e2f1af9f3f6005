import { readFileSync } from "node:fs";
import type { Environment } from "./variables.ts";

/** Variables that describe an account or a connector: where there is a file, they count only as far as it names them. */
const DESCRIBING = [
  "QUALYS_GATEWAY_URL",
  "QUALYS_PLATFORM",
  "SLUICE_ACCOUNT",
  "QUALYS_CONNECTOR_UUID",
  "QUALYS_AUTH",
  "QUALYS_USERNAME",
  "QUALYS_PASSWORD",
  "QUALYS_PASSWORD_FILE",
  "QUALYS_CLIENT_ID",
  "QUALYS_CLIENT_SECRET",
  "QUALYS_CLIENT_SECRET_FILE",
  "SLUICE_MAPPING",
  "SLUICE_KEY_FIELDS",
  "SLUICE_OPTIONAL_FIELDS",
  "SLUICE_HARDWARE_UUID",
  "SLUICE_DATE_FORMAT",
  "SLUICE_MAC_FORMAT",
  "SLUICE_BATCH_ASSETS_MAX",
  "SLUICE_BATCH_BYTES_MAX",
  "SLUICE_BATCH_LINGER_MS",
  "SLUICE_SOURCE",
];

/** What counts beside a file. */
export function withoutDescribing(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !DESCRIBING.includes(name)),
  );
}

/** Tells of set variables that do nothing because there is a file. */
export function overriddenNotes(file: string, environment: Environment): readonly string[] {
  const text = readFileSync(file, "utf8");
  const idle = DESCRIBING.filter(
    (name) => (environment[name] ?? "").trim() !== "" && !text.includes(`\${${name}}`),
  );
  if (idle.length === 0) return [];
  return [
    `${idle.join(", ")} ${idle.length === 1 ? "is" : "are"} set and not used: "${file}" describes accounts and connectors`,
  ];
}
