import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { mappingPolicy, transformRecord } from "@sluice/inventory";
import { BATCH_ASSETS, openImport, wayOptions } from "./way.ts";

/** The script that Sluice replaces: transforms, and posts a hundred at a time, one call after the other. Keeps nothing. */
const options = wayOptions();
const policy = mappingPolicy({ connectorUuid: options.connectorUuid });
const post = await openImport(options);
let bodies: string[] = [];
for await (const line of createInterface({ input: createReadStream(options.file) })) {
  const transformed = transformRecord(line, policy);
  if (transformed.kind !== "asset") throw new Error(`Cannot measure: a record is dead`);
  bodies.push(transformed.body);
  if (bodies.length < BATCH_ASSETS) continue;
  await post(bodies);
  bodies = [];
}
if (bodies.length > 0) await post(bodies);
