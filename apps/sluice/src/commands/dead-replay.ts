import { disabledConnectors, type DeadLetter } from "@sluice/queue";
import { openChosen } from "../chosen-session.ts";
import { CommandError, EXIT } from "../exit-codes.ts";
import { letMoreLettersCome } from "../letters/letter-room.ts";
import { Replay } from "../letters/replay.ts";
import {
  isReplayable,
  linesOf,
  selectedLetters,
  selectedRanges,
  selectionIn,
  type Selection,
  type SelectionFlags,
} from "../letters/selected-letters.ts";
import type { Session } from "../session.ts";
import { counted, grouped, type Terminal } from "../terminal/terminal.ts";

/** `sluice dead replay`: through the transform again, in runs of their own, keeping their versions. */
export async function replayDead(flags: SelectionFlags, terminal: Terminal): Promise<number> {
  await using session = await openChosen(flags, terminal);
  const selection = selectionIn(session, flags);
  const { replayed, runs, left, disabled } = await replayAll(session, selection, terminal);
  const lines = linesOf(await selectedRanges(session.account, selection));
  terminal.result({ replayed, runs, left: left + lines, disabled }, [
    `${counted(replayed, "record")} enqueued again`,
    ...runs.map(
      (run) => `  run ${run}: work it off with sluice push --resume ${run}, or let sluice up do it`,
    ),
    ...(left + lines > 0
      ? [
          `  ${grouped(left + lines)} can't be replayed, as they are malformed or not kept whole: correct them in their source and push it again`,
        ]
      : []),
    ...(disabled > 0
      ? [
          `  ${grouped(disabled)} stay, for their connector is disabled: sluice connectors enable NAME, then replay them`,
        ]
      : []),
  ]);
  return EXIT.done;
}

/** Replays page by page, a run for each connector. */
async function replayAll(
  session: Session,
  selection: Selection,
  terminal: Terminal,
): Promise<{ replayed: number; runs: string[]; left: number; disabled: number }> {
  const replays = new Map<string, Replay>();
  const resting = await disabledConnectors(session.account);
  let [replayed, left, disabled] = [0, 0, 0];
  try {
    for await (const letters of selectedLetters(session.account, selection)) {
      const active = letters.filter(({ connector }) => !resting.has(connector));
      disabled += letters.length - active.length;
      const whole = active.filter(isReplayable);
      left += active.length - whole.length;
      for (const letter of whole) await replayOf(session, replays, letter).add(letter);
      replayed += whole.length;
      terminal.progress(`${grouped(replayed)} enqueued again`);
    }
    for (const replay of replays.values()) await replay.flush();
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    throw new CommandError(`${message}\nnothing is lost: replay the rest later`, EXIT.stopped, {
      cause: error,
    });
  } finally {
    for (const replay of replays.values()) await replay.seal();
    await letMoreLettersCome(session, replays.keys());
  }
  return { replayed, runs: [...replays.values()].flatMap(({ run }) => run ?? []), left, disabled };
}

function replayOf(
  session: Session,
  replays: Map<string, Replay>,
  { connector }: DeadLetter,
): Replay {
  const replay = replays.get(connector) ?? new Replay(session, connector);
  replays.set(connector, replay);
  return replay;
}
