import { strict as assert } from "node:assert";
import { Worker } from "node:worker_threads";
import type { ChunkRecord, Transform } from "@sluice/inventory";
import { outcomeOf } from "@sluice/pipeline";
import type {
  FromIsolated,
  LoadTransform,
  ToIsolated,
  TransformRecipe,
} from "./isolated-process.ts";

/** The program of an isolated process: answers each record with what becomes of it. */
function answer(message: FromIsolated): void {
  process.send?.(message);
}

async function outcome(record: ChunkRecord): Promise<FromIsolated> {
  assert(transform !== null, "A record came before the recipe");
  try {
    return await outcomeOf(record, transform);
  } catch (error) {
    return { kind: "killed", how: `it failed with ${String(error)}` };
  }
}

async function prepare({ module, settings }: TransformRecipe): Promise<FromIsolated> {
  try {
    const { loadTransform } = (await import(module)) as { loadTransform: LoadTransform };
    transform = await loadTransform(settings);
    return { kind: "ready" };
  } catch (error) {
    // Such as a mapping's file that was changed meanwhile, and is wrong.
    return { kind: "unready", why: error instanceof Error ? error.message : String(error) };
  }
}

let transform: Transform | null = null;
process.on("message", (message: ToIsolated) => {
  void ("recipe" in message ? prepare(message.recipe) : outcome(message.record)).then(answer);
});

// A terminal sends its Ctrl-C to all processes; this one ends when its parent wants, or is gone.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("disconnect", () => process.exit());
// A record that never ends keeps this thread from hearing that the parent is gone.
new Worker(new URL("./end-with-parent.ts", import.meta.url), {
  workerData: process.ppid,
}).unref();
