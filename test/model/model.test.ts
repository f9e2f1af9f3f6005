import { openAccount } from "@sluice/queue";
import { describe, inject, it } from "vitest";
import { forgetAccount } from "../support/accounts.ts";
import { Model } from "./model.ts";

const SEEDS = 120;
const STEPS = 60;

/** `npm run model -- FIRST COUNT` runs as many more as you like. */
describe("any interleaving of enqueue, settle, cut, send, answer and crash", () => {
  it.for(Array.from({ length: SEEDS / 20 }, (_, index) => index * 20))(
    "keeps the books, the order and the ledger true (20 seeds from %i)",
    async (first) => {
      for (let seed = first; seed < first + 20; seed += 1) {
        const name = `model-test-${seed}`;
        await using account = await openAccount({ redisUrl: inject("redisUrl"), account: name });
        await forgetAccount(account);
        await new Model(account, seed).run(STEPS);
        await forgetAccount(account);
      }
    },
  );
});
