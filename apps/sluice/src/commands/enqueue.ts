import type { Transform } from "@sluice/inventory";
import { EXIT } from "../exit-codes.ts";
import {
  beginLoad,
  enqueue as enqueueLoad,
  needEnabled,
  resumeLoadCommand,
  type Load,
  type LoadOptions,
} from "../loads/load.ts";
import { readable } from "../loads/readable.ts";
import { loadTransform } from "../mapping/load-transform.ts";
import { needRun, resumeCommand } from "../named-run.ts";
import { openSession, withoutRedis, type Session } from "../session.ts";
import { chosenConnector, readSettings } from "../settings.ts";
import { counted, type Terminal } from "../terminal/terminal.ts";

/** `sluice enqueue`: the producer alone, to workers running elsewhere. */
export async function enqueue(
  patterns: readonly string[],
  options: LoadOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const settings = readSettings(process.env, "transforms");
  const { account, connector } = chosenConnector(settings, options);
  const transform = await loadTransform(connector.transform);
  const sources = await readable(patterns, options, { connector, transform }, signal);
  await using session = await openSession(settings, account, terminal, signal);
  await needEnabled(session, connector);
  const load = await beginLoad(session, connector, sources, options);
  try {
    return await finish(session, transform, load, terminal, signal);
  } catch (error) {
    throw withoutRedis([session], error, resumeLoadCommand(load));
  }
}

async function finish(
  session: Session,
  transform: Transform,
  load: Load,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const isWhole = await enqueueLoad(session, transform, load, terminal, signal);
  const run = await needRun(session.account, load.run);
  const { id, read, state } = run;
  terminal.result({ run: id, read, state }, [
    `run ${id}: ${counted(read, "record")} enqueued, ${state}`,
    `  sluice up works it off; sluice runs ${id} shows how far it is`,
  ]);
  if (!isWhole) terminal.note(`stopped; continue with: ${resumeCommand(run)}`);
  return isWhole ? EXIT.done : EXIT.stopped;
}
