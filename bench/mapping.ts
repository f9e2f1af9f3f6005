import { parseArgs } from "node:util";
import { createTransform, mappingPolicy, type Mapping, type Transform } from "@sluice/inventory";
import { compileMapping, defineMapping, moduleMapping } from "@sluice/mapping";
import { sampleLines } from "@sluice/sources";
import { readLoad, readMachine } from "./support/machine.ts";
import { tableText } from "./support/table.ts";

const ROUNDS = 5;
const SEED = 1;

const fields = {
  id: "id",
  hostname: "hostname",
  ip: "ip",
  hardware_uuid: "uuid",
  mac: "mac",
  os: "os",
  memory_mb: "memory_mb",
  serial: "serial",
};
const software = { each: "software", name: "name", version: "version" };
const findings = {
  each: "vulnerabilities",
  cve: "cve",
  severity: "severity",
  port: "port",
  protocol: "protocol",
  status: "status",
};

/** The same assets, made by each way of mapping. */
const MAPPINGS: Readonly<Record<string, Mapping | null>> = {
  "built in": null,
  "declarative, plain paths": compiled({ fields, software, findings }),
  "+ lookups and constants": compiled({
    fields: { ...fields, os: { expr: "os", lookup: {}, default: "Linux" } },
    software,
    findings: { ...findings, status: { value: "open" } },
    customAttributes: { owner: { value: "it" }, system: "os" },
  }),
  "+ 5 JSONata expressions": compiled({
    fields: {
      ...fields,
      hostname: "$lowercase(hostname)",
      os: "os & ' (' & $string(memory_mb) & ' MB)'",
      domain: "$substringAfter(hostname, '.')",
    },
    software,
    findings,
    customAttributes: {
      packages: "$count(software)",
      tier: "$contains(hostname, 'prod') ? 'production' : 'other'",
    },
  }),
  "TypeScript module": moduleMapping(
    defineMapping({
      map(record) {
        const { id, hostname, ip, mac, os, memory_mb, serial, uuid: hardware_uuid } = record;
        const { software, vulnerabilities: findings } = record;
        const host = { id, hostname, ip, mac, os, memory_mb, serial, hardware_uuid };
        return { ...host, software, findings } as object;
      },
    }),
  ),
};

function compiled(spec: object): Mapping {
  const result = compileMapping(spec);
  if (result.kind === "compiled") return result.mapping;
  throw new Error(`Cannot measure the mapping: ${JSON.stringify(result.problems)}`);
}

interface Row {
  mapping: string;
  recordsPerSec: number;
  /** Of the rate of the built-in mapping in the same run. */
  share: number;
}

/**
 * `npm run bench -- mapping [--assets 5000] [--json]`: how many records a second one process transforms, by each way of
 * mapping. The ways take turns, and of each the best round counts, so that a busy machine favours none.
 */
export async function mappingBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { assets: { type: "string", default: "5000" }, json: { type: "boolean" } },
  });
  const assets = Number(values.assets);
  const lines = [...sampleLines({ assets, seed: SEED, profile: "high-entropy" })];
  const best = new Map<string, number>();
  const policy = mappingPolicy({
    connectorUuid: "da4b8361-2327-4bf1-af7d-2ce775bc9882",
    // What a mapping names is sent; so the built-in one is to send the same.
    optionalFields: ["identityAttributes.macAddress", "identityAttributes.serialNumber"],
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, mapping] of Object.entries(MAPPINGS)) {
      const rate = await measure(createTransform(policy, mapping), lines);
      best.set(name, Math.max(rate, best.get(name) ?? 0));
    }
  }
  const baseline = best.get("built in") ?? 1;
  const rows: Row[] = [...best].map(([mapping, rate]) => ({
    mapping,
    recordsPerSec: Math.round(rate),
    share: rate / baseline,
  }));
  const report = { machine: readMachine(), load: readLoad(), assets, rows };
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : rowsText(rows));
}

/** Records a second. */
async function measure(transform: Transform, lines: readonly string[]): Promise<number> {
  const begunAt = process.hrtime.bigint();
  for (const line of lines) {
    const transformed = transform(line);
    const { kind } = transformed instanceof Promise ? await transformed : transformed;
    if (kind !== "asset") throw new Error(`Cannot measure: a record is ${kind}`);
  }
  return (lines.length * 1e9) / Number(process.hrtime.bigint() - begunAt);
}

function rowsText(rows: readonly Row[]): string {
  return tableText([
    ["mapping", "records/s", "of built in"],
    ...rows.map(({ mapping, recordsPerSec, share }) => [
      mapping,
      recordsPerSec.toLocaleString("en-US"),
      share.toFixed(2),
    ]),
  ]);
}
