import { isJsonObject, type JsonObject } from "./json-object.ts";

/**
 * The names under which sources keep what we look for. Names are compared without regard to case,
 * `_`, `-` and spaces, so `ip_address` also stands for `IP Address` and `ipAddress`. Of several
 * names in one record the first in the list wins, if it holds something. One name may serve two
 * fields. A field is called what the sample of Qualys's webhook page calls it.
 */
export const ASSET_NAMES = {
  id: ["id"],
  asset_id: ["asset_id"],
  uuid: ["uuid"],
  hardware_uuid: ["hardware_uuid", "uuid", "bios_uuid", "system_uuid"],
  serial: ["serial", "serial_number", "serial_no"],
  hostname: ["hostname", "name", "computer_name", "device_name", "dns_name"],
  fqdn: ["fqdn", "fully_qualified_domain_name", "dns_name"],
  ip: ["ip", "ip_address", "ips", "ip_addresses", "ipv4", "ipv4_address", "ipv6", "ipv6_address"],
  // A source may have its main address and the list of all; none of them is to be lost.
  ips: ["ips", "ip_addresses"],
  ipv4: ["ipv4", "ipv4_address"],
  ipv6: ["ipv6", "ipv6_address"],
  mac: ["mac", "mac_address", "macs", "mac_addresses"],
  macs: ["macs", "mac_addresses"],
  os: ["os", "operating_system", "os_name"],
  memory_mb: ["memory_mb", "memory", "total_memory", "total_memory_mb", "ram_mb", "ram"],
  software: ["software", "softwares", "applications", "packages", "installed_software"],
  vulnerabilities: ["vulnerabilities", "vulns", "findings"],
  domain: ["domain", "domain_name"],
  os_version: ["os_version"],
  os_architecture: ["os_architecture", "architecture", "arch"],
  last_user: ["last_logged_on_user", "last_user", "logged_on_user"],
  instance_uuid: ["instance_uuid", "instance_id", "cloud_instance_id"],
  network_uuid: ["network_uuid"],
  created: ["created_at", "created", "date_created", "first_seen"],
  last_seen: ["last_seen", "last_seen_at", "updated_at", "last_updated", "last_modified"],
  custom_attributes: ["custom_attributes"],
} as const;

/** The names inside one entry of `software`. */
export const SOFTWARE_NAMES = {
  name: ["name", "software_name", "product", "package", "display_name"],
  version: ["version", "software_version", "product_version"],
} as const;

/** The names inside one entry of `vulnerabilities`. */
export const FINDING_NAMES = {
  cve: ["cve", "cve_id", "cves", "cve_ids", "id"],
  severity: ["severity"],
  port: ["port"],
  protocol: ["protocol"],
  status: ["status", "state"],
} as const;

/** What people and exports write where there is nothing, besides `null` and an empty cell. */
const NULL_WORDS = new Set([
  "",
  "-",
  "--",
  "n/a",
  "#n/a",
  "nan",
  "nil",
  "none",
  "null",
  "undefined",
]);
const NULL_WORD_CHARS_MAX = 9;

/** A look-up from a name to the fields it may fill. */
export type FieldTable = ReadonlyMap<string, readonly Spelling[]>;

interface Spelling {
  field: string;
  /** Place in the field's list of names; the lowest wins. */
  rank: number;
}

export const ASSET_TABLE = fieldTable(ASSET_NAMES);
export const SOFTWARE_TABLE = fieldTable(SOFTWARE_NAMES);
export const FINDING_TABLE = fieldTable(FINDING_NAMES);

function fieldTable(names: Readonly<Record<string, readonly string[]>>): FieldTable {
  const table = new Map<string, Spelling[]>();
  for (const [field, spellings] of Object.entries(names)) {
    for (const [rank, name] of spellings.entries()) {
      // As written too: the usual spelling is then found without folding it.
      for (const key of new Set([name, folded(name)])) {
        table.set(key, [...(table.get(key) ?? []), { field, rank }]);
      }
    }
  }
  return table;
}

/** The form in which two spellings of one name are equal. */
export function folded(name: string): string {
  return name.replace(/[_\- ]/g, "").toLowerCase();
}

/** Whether a value stands for "there is nothing": `null`, blank text, `N/A` and the like. */
export function isAbsent(value: unknown): boolean {
  if (typeof value !== "string") return value === null || value === undefined;
  const word = value.trim();
  return word.length <= NULL_WORD_CHARS_MAX && NULL_WORDS.has(word.toLowerCase());
}

/** Whether the table knows this name under any spelling. */
export function isKnownName(name: string, table: FieldTable): boolean {
  return spellingsOf(name, table).length > 0;
}

/** What a record has for the fields of the table, under the fields' names; nothing absent. */
export function readFields(record: JsonObject, table: FieldTable): JsonObject {
  const fields: Record<string, unknown> = {};
  for (const [field, { name }] of Object.entries(fieldsIn(record, table))) {
    fields[field] = record[name];
  }
  return fields;
}

/** The name under which a record has a field; the field's own if it has none. */
export function nameOf(field: string, record: unknown, table: FieldTable): string {
  return isJsonObject(record) ? (fieldsIn(record, table)[field]?.name ?? field) : field;
}

/** For each field that holds something, the name it has in this record. */
function fieldsIn(record: JsonObject, table: FieldTable) {
  const found: Record<string, { name: string; rank: number }> = {};
  for (const name of Object.keys(record)) {
    if (isAbsent(record[name])) continue;
    for (const { field, rank } of spellingsOf(name, table)) {
      const other = found[field];
      // `Host Name` beside `host_name`: any rule will do that does not depend on their order.
      if (!other || rank < other.rank || (rank === other.rank && name < other.name)) {
        found[field] = { name, rank };
      }
    }
  }
  return found;
}

/** The value under a name that need not be in any table, in any spelling; `undefined` if there is none. */
export function valueOf(record: JsonObject, name: string): unknown {
  if (Object.hasOwn(record, name) && !isAbsent(record[name])) return record[name];
  const wanted = folded(name);
  const found = Object.keys(record)
    .filter((key) => folded(key) === wanted && !isAbsent(record[key]))
    .sort()[0];
  return found === undefined ? undefined : record[found];
}

function spellingsOf(name: string, table: FieldTable): readonly Spelling[] {
  return table.get(name) ?? table.get(folded(name)) ?? [];
}
