import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { auditLedger, auditNewest, auditOrder } from "./audit-assets.ts";
import { auditRest } from "./audit-books.ts";
import { auditLimits, auditRequests, auditSilences, silencesIn } from "./audit-calls.ts";
import { auditSecrets } from "./audit-secrets.ts";
import type { Stage } from "./disturb.ts";
import { readLedger, readLetterKeys } from "./recount.ts";

/** At rest: every invariant, by what the sandbox's ledgers, Redis and the logs say. Returns what is wrong. */
export async function auditAll(stage: Stage): Promise<string[]> {
  const { house, account, journal, inventory, loader } = stage;
  const { sandbox, redis, logs } = house;
  const [calls, receipts, held] = await Promise.all([
    sandbox.calls(),
    sandbox.receipts(),
    sandbox.held(),
  ]);
  const silences = [...journal.silences, ...silencesIn(await textOf(logs))];
  const secrets = [...house.secrets, ...(await sandbox.tokens())];
  return [
    ...(await auditRest(account, loader.loaded)),
    ...auditOrder(receipts),
    ...auditNewest(inventory.newest, held, await readLetterKeys(account)),
    ...auditLedger(await readLedger(account), held),
    ...auditLimits(calls, journal.disturbances),
    ...auditSilences(calls, silences, journal.resumes),
    ...auditRequests(calls),
    ...(await auditSecrets(redis.dir, logs, secrets)),
  ];
}

/** After a second load of the same: everything is where it was. */
export async function auditAgain({ house, account, inventory, loader }: Stage): Promise<string[]> {
  const held = await house.sandbox.held();
  return [
    ...(await auditRest(account, loader.loaded)),
    ...auditNewest(inventory.newest, held, await readLetterKeys(account)),
  ];
}

async function textOf(logs: string): Promise<string> {
  const names = await readdir(logs);
  const texts = await Promise.all(names.map((name) => readFile(join(logs, name), "utf8")));
  return texts.join("\n");
}
