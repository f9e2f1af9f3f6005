import { readRun, type Account, type Run } from "@sluice/queue";
import { CommandError } from "./exit-codes.ts";

/** The run that a user named. */
export async function needRun(account: Account, id: string): Promise<Run> {
  const run = await readRun(account, id);
  if (run === null) throw new CommandError(`Cannot find run "${id}"; see sluice runs`);
  return run;
}

/** What to type to continue a run that was stopped; what was read from stdin has to come again. */
export function resumeCommand(run: Pick<Run, "id" | "state" | "description">): string {
  const { id, state, description } = run;
  const needsInput = state === "open" && description.sources.some(({ source }) => source === "-");
  return `sluice push --resume ${id}${needsInput ? " - < THE-SAME-INPUT" : ""}`;
}
