import { forecast } from "@sluice/governor";
import { readBudget, readHolds, readRun, type Hold, type Run } from "@sluice/queue";
import { pause } from "@sluice/service";
import { CommandError, EXIT } from "./exit-codes.ts";
import type { Session } from "./session.ts";
import { clockText, grouped, spanText, type Terminal } from "./terminal.ts";

export interface FollowOptions {
  session: Session;
  terminal: Terminal;
  run: string;
  assetsPerCall: number;
  signal: AbortSignal;
}

const LOOK_MS = 250;

/** Why following a run ended. */
export type Followed =
  | { kind: "done"; run: Run }
  | { kind: "stopped"; run: Run }
  /** Something holds all sending until an operator acts. */
  | { kind: "held"; run: Run; hold: Hold };

/**
 * Watches a run until nothing of it is pending, the signal comes, or it is held without an end. Shows on a
 * terminal what was read and delivered, the budget left, a hold, and the time to go.
 */
export async function follow(options: FollowOptions): Promise<Followed> {
  const { session, terminal, signal } = options;
  for (;;) {
    const run = await readRun(session.account, options.run);
    if (run === null) throw new CommandError(`There is no run ${options.run}; see sluice runs`);
    if (isOver(run)) return { kind: "done", run };
    if (signal.aborted) return { kind: "stopped", run };
    const holds = await readHolds(session.account);
    const endless = holds.find((hold) => hold.untilMs === null && concerns(hold, run));
    if (endless !== undefined) return { kind: "held", run, hold: endless };
    terminal.progress(
      await progressLine(
        options,
        run,
        holds.findLast((hold) => concerns(hold, run)),
      ),
    );
    await pause(LOOK_MS, signal);
  }
}

function isOver(run: Run): boolean {
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
  const heldMs = hold?.untilMs ? Math.max(0, hold.untilMs - Date.now()) : 0;
  const { pending } = run;
  const { calls, delayMs } = forecast({
    pending,
    assetsPerCall: options.assetsPerCall,
    ...budget,
    heldMs,
  });
  const left = budget.remaining === null ? "?" : grouped(budget.remaining);
  return [
    `${grouped(run.read)} read`,
    `${grouped(run.delivered)} delivered`,
    ...(run.unchanged > 0 ? [`${grouped(run.unchanged)} unchanged`] : []),
    ...(run.dead > 0 ? [`${grouped(run.dead)} dead`] : []),
    `${left}/${budget.limit ?? "?"} calls left`,
    ...(hold?.untilMs ? [`held until ${clockText(hold.untilMs)} (${hold.reason})`] : []),
    `${grouped(calls)} calls${delayMs === null ? "" : `, ${spanText(delayMs)}`} to go`,
  ].join(" | ");
}

/** What to tell, and how to end, when a run was followed. */
export function conclude(followed: Followed, terminal: Terminal): number {
  const { run } = followed;
  const resume = `sluice push --resume ${run.id}`;
  switch (followed.kind) {
    case "done":
      if (run.state === "aborted") return EXIT.stopped;
      return run.dead > 0 ? EXIT.deadLetters : EXIT.done;
    case "stopped":
      terminal.note(`stopped; nothing is lost. Continue with: ${resume}`);
      return EXIT.stopped;
    case "held":
      terminal.note(
        `held (${followed.hold.reason}): ${followed.hold.message}\n` +
          `nothing is lost. Put it right (sluice check helps), then: sluice resume && ${resume}`,
      );
      return EXIT.stopped;
  }
}
