import { strict as assert } from "node:assert";
import { Worker } from "node:worker_threads";
import type { ChunkRecord, MappingPolicy } from "@sluice/inventory";
import { outcomeOf } from "@sluice/pipeline";
import type { FromIsolated, ToIsolated } from "./isolated-process.ts";

/** The program of an isolated process: answers each record with what becomes of it. */
function answer(message: FromIsolated): void {
  process.send?.(message);
}

function transform(record: ChunkRecord, policy: MappingPolicy): FromIsolated {
  try {
    return outcomeOf(record, policy);
  } catch (error) {
    return { kind: "killed", how: `it failed with ${String(error)}` };
  }
}

let policy: MappingPolicy | null = null;
process.on("message", (message: ToIsolated) => {
  if ("policy" in message) {
    ({ policy } = message);
    answer({ kind: "ready" });
    return;
  }
  assert(policy !== null, "A record came before the policy");
  answer(transform(message.record, policy));
});

// A terminal sends its Ctrl-C to all processes; this one ends when its parent wants, or is gone.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("disconnect", () => process.exit());
// A record that never ends keeps this thread from hearing that the parent is gone.
new Worker(new URL("./end-with-parent.ts", import.meta.url), {
  workerData: process.ppid,
}).unref();
