import { EXIT } from "../exit-codes.ts";
import { openSession } from "../session.ts";
import { readAccountSettings, readPlanSettings } from "../settings.ts";
import { grouped, type Terminal } from "../terminal.ts";
import { readRun } from "@sluice/queue";
import { beginLoad, enqueue as enqueueLoad, readable, type PushOptions } from "./push.ts";

/** `sluice enqueue`: the producer alone, to workers running elsewhere. */
export async function enqueue(
  patterns: readonly string[],
  options: PushOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const settings = readAccountSettings(process.env);
  const { policy } = readPlanSettings(process.env);
  const sources = await readable(patterns, options);
  await using session = await openSession(settings, terminal);
  const load = await beginLoad(session, settings, sources, options);
  const isWhole = await enqueueLoad(session, { policy }, load, signal);
  const { read = 0 } = (await readRun(session.account, load.run)) ?? {};
  const state = isWhole ? "sealed" : "open";
  terminal.result({ run: load.run, read, state }, [
    `run ${load.run}: ${grouped(read)} records enqueued, ${state}`,
    `  follow it with: sluice runs ${load.run}`,
  ]);
  if (!isWhole) terminal.note(`stopped; continue with: sluice push --resume ${load.run}`);
  return isWhole ? EXIT.done : EXIT.stopped;
}
