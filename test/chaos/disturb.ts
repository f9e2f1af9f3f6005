import { setTimeout as delay } from "node:timers/promises";
import type { Account } from "@sluice/queue";
import { auditFrozen } from "./audit-books.ts";
import { STANDING_FAULTS } from "./faults.ts";
import type { House } from "./house.ts";
import type { Inventory } from "./inventory.ts";
import type { Journal } from "./journal.ts";
import type { Loader } from "./loader.ts";
import type { Operator } from "./operator.ts";
import type { LinkName, Step } from "./plan.ts";

const AGAIN_MS = 300;

/** Ends what a step has begun. */
type Undo = () => Promise<void> | void;

/** What steps are done to, and by whom. */
export interface Stage {
  readonly house: House;
  readonly account: Account;
  readonly journal: Journal;
  readonly operator: Operator;
  readonly inventory: Inventory;
  readonly loader: Loader;
}

/** Does one step. Returns what is to be done when its span is over. */
export async function disturb(stage: Stage, step: Step): Promise<Undo | null> {
  const { house, journal } = stage;
  const { roles, links, sandbox } = house;
  if ("role" in step) noteSender(journal, step.role);
  if ("link" in step) noteSender(journal, step.link);
  switch (step.kind) {
    case "kill":
      roles[step.role].kill();
      journal.kills += 1;
      return null;
    case "stop":
      roles[step.role].stop();
      return () => {
        roles[step.role].goOn();
        noteSender(journal, step.role);
      };
    case "kill-redis":
      return await killRedis(stage, step.forMs);
    case "cut":
      links[step.link].cut();
      return null;
    case "lose":
      links[step.link].lose();
      return () => {
        links[step.link].mend();
        noteSender(journal, step.link);
      };
    case "slow":
      links[step.link].slow(step.delayMs);
      return () => links[step.link].slow(0);
    case "faults":
      await sandbox.setFaults(step.seed, [...STANDING_FAULTS, ...step.faults]);
      return () => sandbox.setFaults(step.seed, STANDING_FAULTS);
    case "limits":
      journal.disturbed("limits");
      await sandbox.setLimits(step.changes);
      return null;
    case "behave":
      await sandbox.behave(step.changes);
      return null;
    case "disable-there":
      await sandbox.enableConnector(house.connector, false);
      return () => sandbox.enableConnector(house.connector, true);
    case "disable-here":
      return await disable(stage);
    case "pause":
      return await pause(stage);
    case "operate":
      await stage.operator.give(...step.args);
      return null;
    case "audit":
      journal.disturbed("sender");
      await auditFrozen(stage);
      journal.disturbed("sender");
      return null;
  }
}

/** What happens to a worker or the intake changes nothing that senders know. */
function noteSender(journal: Journal, name: LinkName): void {
  if (name.startsWith("sender") || name.startsWith("gateway")) journal.disturbed("sender");
}

/** In the middle of everything; it comes back before the next step. */
async function killRedis({ house, journal }: Stage, forMs: number): Promise<null> {
  journal.kills += 1;
  await house.redis.die();
  journal.disturbed("redis");
  await delay(forMs);
  await house.redis.revive();
  journal.disturbed("redis");
  return null;
}

async function pause({ operator, journal }: Stage): Promise<Undo | null> {
  if (!(await operator.give("pause"))) return null;
  const silence = { why: "paused", fromMs: Date.now(), untilMs: null as number | null };
  journal.silences.push(silence);
  return async () => {
    silence.untilMs = Date.now();
    await operator.give("resume");
  };
}

/** The connector takes nothing and sends nothing, whatever else an operator does meanwhile. */
async function disable({ operator, journal }: Stage): Promise<Undo | null> {
  if (!(await operator.give("connectors", "disable", "default"))) return null;
  const silence = { why: "disabled", fromMs: Date.now(), untilMs: null as number | null };
  journal.silences.push(silence);
  return async () => {
    silence.untilMs = Date.now();
    // Nothing else would end it.
    while (!(await operator.give("connectors", "enable", "default"))) await delay(AGAIN_MS);
  };
}

/** All disturbances are over, and the limits are wide. */
export async function calm({ house, journal }: Stage): Promise<void> {
  const { links, roles, sandbox } = house;
  for (const link of Object.values(links)) link.mend();
  for (const role of Object.values(roles)) role.goOn();
  await sandbox.setFaults(1, STANDING_FAULTS);
  await sandbox.enableConnector(house.connector, true);
  await sandbox.behave({ tokenLifetimeMs: 14_400_000, latencyMs: 0, visibleAfterMs: 0 });
  journal.disturbed("limits");
  await sandbox.setLimits({ limit: 1_000, windowMs: 2_000, concurrency: 4 });
}
