import { INTAKE_SOURCE, readRun, type Account, type Run } from "@sluice/queue";
import { CommandError } from "./exit-codes.ts";
import type { Session } from "./session.ts";

/** The run that a user named. */
export async function needRun(account: Account, id: string): Promise<Run> {
  const run = await readRun(account, id);
  if (run === null) throw new CommandError(`Cannot find run "${id}"; see sluice runs`);
  return run;
}

/** The run that a user named, in whichever account it is. */
export async function findRun(
  sessions: readonly Session[],
  id: string,
): Promise<{ session: Session; run: Run }> {
  for (const session of sessions) {
    const run = await readRun(session.account, id);
    if (run !== null) return { session, run };
  }
  throw new CommandError(`Cannot find run "${id}"; see sluice runs`);
}

/**
 * What to type to continue a run that was stopped; what was read from stdin has to come again. What came over HTTP only its
 * sender can continue: such a run can be ended.
 */
export function resumeCommand(run: Pick<Run, "id" | "state" | "description">): string {
  const { id, state, description } = run;
  if (state === "open" && isOfIntake(run)) return `sluice runs abort ${id}`;
  const needsInput = state === "open" && description.sources.some(({ source }) => source === "-");
  return `sluice push --resume ${id}${needsInput ? " - < THE-SAME-INPUT" : ""}`;
}

/** Whether its records come over HTTP. */
export function isOfIntake({ description }: Pick<Run, "description">): boolean {
  return description.sources.some(({ source }) => source === INTAKE_SOURCE);
}
