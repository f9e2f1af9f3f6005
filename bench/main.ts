import { backlogBench } from "./backlog.ts";
import { governorBench } from "./governor.ts";
import { intakeBench } from "./intake.ts";
import { mappingBench } from "./mapping.ts";
import { sandboxBench } from "./sandbox.ts";
import { throughputBench } from "./throughput.ts";

/** A measurement: takes its arguments, and prints a table or, with `--json`, one object. */
type Bench = (args: readonly string[]) => Promise<void>;

const BENCHES: Readonly<Record<string, Bench>> = {
  backlog: backlogBench,
  governor: governorBench,
  intake: intakeBench,
  mapping: mappingBench,
  sandbox: sandboxBench,
  throughput: throughputBench,
};

const [name = "", ...args] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  process.stderr.write(`Usage: npm run bench -- ${Object.keys(BENCHES).join(" | ")} [--json]\n`);
  process.exitCode = 2;
} else {
  await bench(args);
}
