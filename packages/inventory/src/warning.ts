import { quoted } from "./quoted.ts";

/** Why a value was left out, by the code under which such cases are counted. */
const REASONS = {
  "address-dropped": "it is not the address of one host",
  "mac-dropped": "it is not the address of one interface",
  "uuid-dropped": "it is not the UUID of one machine",
  "fqdn-dropped": "it is not a fully qualified domain name",
  "memory-dropped": "it is not a size such as 8192, 8192 MB or 8 GB",
  "software-dropped": "it has no name",
  "finding-not-cve": "it has no CVE id",
  "optional-field-dropped": "it is not what the optional field takes",
} as const;

export type DropCode = keyof typeof REASONS;

/** Something to know of an asset that is sent all the same. */
export interface Warning {
  code: DropCode | "key-only";
  message: string;
  /** What was left out. */
  value?: string;
}

/** The warning that a value is not sent. */
export function dropped(code: DropCode, value: string): Warning {
  return { code, message: `Left out ${quoted(value)}: ${REASONS[code]}`, value };
}

/** The warning that only the key tells this asset from others. */
export function keyOnly(sourceNativeKey: string): Warning {
  return {
    code: "key-only",
    message: `Nothing but its key identifies ${quoted(sourceNativeKey)}: add a hostname, an address or a UUID`,
  };
}
