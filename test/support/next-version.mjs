import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/*
 * For `node --import`: makes the next version of Sluice of this one, as far as other versions can see: it writes the next
 * format, and reads that and all before it.
 */
const CONSTANT = "export const FORMAT_VERSION = 1;";

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith("/packages/queue/src/format.ts")) return nextLoad(url, context);
    const source = readFileSync(fileURLToPath(url), "utf8");
    if (!source.includes(CONSTANT)) throw new Error(`Cannot find "${CONSTANT}" in ${url}`);
    const next = source.replace(CONSTANT, CONSTANT.replace("1", "2"));
    return { format: "module-typescript", shortCircuit: true, source: next };
  },
});
