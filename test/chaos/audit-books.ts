import { setTimeout as delay } from "node:timers/promises";
import type { Account } from "@sluice/queue";
import type { Stage } from "./disturb.ts";
import { booksOfRuns, leftovers, recountByRun, type RunBooks } from "./recount.ts";

const STILL_TRIES = 30;
const STILL_MS = 100;

/** Invariant (a): what the books of each run say, against a recount. */
function auditBooks(books: readonly RunBooks[], counted: ReadonlyMap<string, number>): string[] {
  const known = new Set(books.map(({ id }) => id));
  const strangers = [...counted.keys()].filter((run) => !known.has(run));
  return [
    ...strangers.map(
      (run) => `${counted.get(run)} records lie in Redis for "${run}", which is no run`,
    ),
    ...books.flatMap(({ id, read, delivered, unchanged, coalesced, dead, pending }) => {
      const sum = delivered + unchanged + coalesced + dead + pending;
      const found = counted.get(id) ?? 0;
      return [
        ...(sum === read ? [] : [`run ${id}: ${read} read, but its books have ${sum}`]),
        ...(found === pending ? [] : [`run ${id}: ${pending} pending, but ${found} in Redis`]),
      ];
    }),
  ];
}

/** In the middle of everything: all roles are stopped, so that what is in Redis stands still for a moment. */
export async function auditFrozen({ house, account, journal }: Stage): Promise<void> {
  const running = Object.values(house.roles).filter((role) => !role.isStopped);
  for (const role of running) role.stop();
  try {
    let before = "";
    for (let tried = 0; tried < STILL_TRIES; tried += 1) {
      const books = await booksOfRuns(account);
      const counted = await recountByRun(account);
      // What was on its way to Redis may move records behind the count's back: only the same twice is true.
      const seen = JSON.stringify([books, [...counted]]);
      if (seen === before) {
        const problems = auditBooks(books, counted);
        journal.say(`audit: ${books.length} runs, ${problems.length} problems`);
        journal.problems.push(...problems);
        return;
      }
      before = seen;
      await delay(STILL_MS);
    }
    journal.say("audit: Redis did not stand still");
  } finally {
    for (const role of running) role.goOn();
  }
}

/** At rest: nothing is pending, every run has all that was loaded, and nothing is left behind. */
export async function auditRest(
  account: Account,
  loaded: ReadonlyMap<string, number>,
): Promise<string[]> {
  const books = await booksOfRuns(account);
  const bytes = await account.client.hgetall(account.key("bytes"));
  const held = Object.entries(bytes).filter(([, count]) => count !== "0");
  const missing = [...loaded].filter(([run]) => !books.some(({ id }) => id === run));
  return [
    ...auditBooks(books, await recountByRun(account)),
    ...books.flatMap(({ id, state, read, pending }) => [
      ...(state === "done" ? [] : [`run ${id} is ${state}`]),
      ...(pending === 0 ? [] : [`run ${id}: ${pending} are pending for ever`]),
      ...(read === (loaded.get(id) ?? read)
        ? []
        : [`run ${id}: ${loaded.get(id)} records were loaded, ${read} read`]),
    ]),
    ...missing.map(([run]) => `run ${run} is gone`),
    ...held.map(([where, count]) => `${count} bytes are counted in "${where}", where nothing is`),
    ...(await leftovers(account)).map((name) => `"${name}" was left in Redis`),
  ];
}
