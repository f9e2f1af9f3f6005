import { jsonSchemaOfMapping } from "../config/file-schema.ts";
import { EXIT } from "../exit-codes.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** `sluice mapping schema`: the JSON Schema by which editors know a mapping's file. */
export function printMappingSchema(terminal: Terminal): number {
  const schema = jsonSchemaOfMapping();
  terminal.result(schema, [JSON.stringify(schema, null, 2)]);
  return EXIT.done;
}
