import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { mappingPolicy, transformRecord } from "@sluice/inventory";
import { wayOptions } from "./way.ts";

/** The baseline: what every way has to do, and nothing else. One process, one core. */
const { file, connectorUuid } = wayOptions();
const policy = mappingPolicy({ connectorUuid });
for await (const line of createInterface({ input: createReadStream(file) })) {
  const { kind } = transformRecord(line, policy);
  if (kind !== "asset") throw new Error(`Cannot measure: a record is ${kind}`);
}
