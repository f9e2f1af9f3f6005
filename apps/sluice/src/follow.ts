import { isDisabling } from "@sluice/governor";
import { readBudget, readHolds, type Hold, type Run } from "@sluice/queue";
import { pause } from "@sluice/service";
import { EXIT } from "./exit-codes.ts";
import { createHoldNotes, endOf, isBlocking } from "./terminal/hold-notes.ts";
import { needRun, resumeCommand } from "./named-run.ts";
import type { Session } from "./session.ts";
import { counted, grouped, spanText, type Terminal } from "./terminal/terminal.ts";

export interface FollowOptions {
  session: Session;
  terminal: Terminal;
  run: string;
  signal: AbortSignal;
}

const LOOK_MS = 250;

/** Why following a run ended. */
export type Followed =
  | { kind: "done"; run: Run }
  | { kind: "stopped"; run: Run }
  /** Something has to be put right before sending can go on. */
  | { kind: "held"; run: Run; hold: Hold };

/**
 * Watches a run until nothing of it is pending, the signal comes, or something has to be put right first. Shows
 * on a terminal what was read and delivered, the budget left, a hold, and the time to go.
 */
export async function follow(options: FollowOptions): Promise<Followed> {
  const { session, terminal, signal } = options;
  const noteHolds = createHoldNotes(terminal);
  for (;;) {
    const run = await needRun(session.account, options.run);
    if (isOver(run)) return { kind: "done", run };
    if (signal.aborted) return { kind: "stopped", run };
    const holds = (await readHolds(session.account)).filter((hold) => concerns(hold, run));
    const blocking = holds.find(isBlocking);
    if (blocking !== undefined) return { kind: "held", run, hold: blocking };
    noteHolds(holds, Date.now());
    terminal.progress(await progressLine(options, run, holds.at(-1)));
    await pause(LOOK_MS, signal);
  }
}

/** Nothing more can become of the run. */
export function isOver(run: Run): boolean {
  return run.state === "done" || (run.state === "aborted" && run.pending === 0);
}

function concerns(hold: Hold, run: Run): boolean {
  return hold.scope === "account" || hold.scope === run.connector;
}

async function progressLine(
  options: FollowOptions,
  run: Run,
  hold: Hold | undefined,
): Promise<string> {
  const budget = await readBudget(options.session.account);
  const { callsToGo, doneAtMs } = budget;
  const toGo = doneAtMs === null ? "" : `, ${spanText(Math.max(0, doneAtMs - Date.now()))}`;
  const left = budget.remaining === null ? "?" : grouped(budget.remaining);
  return [
    `${grouped(run.read)} read`,
    `${grouped(run.delivered)} delivered`,
    ...(run.unchanged > 0 ? [`${grouped(run.unchanged)} unchanged`] : []),
    ...(run.dead > 0 ? [`${grouped(run.dead)} dead`] : []),
    `${left}/${budget.limit ?? "?"} calls left`,
    ...(hold ? [`held until ${endOf(hold)}`] : []),
    `${counted(callsToGo, "call")}${toGo} to go`,
  ].join(" | ");
}

/** What to tell, and how to end, when a run was followed. */
export function conclude(followed: Followed, terminal: Terminal): number {
  const { run } = followed;
  const resume = resumeCommand(run);
  switch (followed.kind) {
    case "done":
      if (run.state === "aborted") return EXIT.stopped;
      return run.dead > 0 ? EXIT.deadLetters : EXIT.done;
    case "stopped":
      terminal.note(`stopped; nothing is lost. Continue with: ${resume}`);
      return EXIT.stopped;
    case "held":
      if (isDisabling(followed.hold.reason)) {
        terminal.note(`${followed.hold.message}\nnothing is lost. Then: ${resume}`);
        return EXIT.stopped;
      }
      terminal.note(
        `held (${followed.hold.reason}): ${followed.hold.message}\n` +
          `nothing is lost. ${remedyOf(followed.hold)}: sluice resume && ${resume}`,
      );
      return EXIT.stopped;
  }
}

function remedyOf({ reason }: Hold): string {
  switch (reason) {
    case "refused":
      return "If QUALYS_CONNECTOR_UUID was wrong, correct it and push the files again; if it is right";
    case "dead-letters":
      return "Replay or discard some, or let more of them come";
    default:
      return "Put it right (sluice check helps), then";
  }
}
