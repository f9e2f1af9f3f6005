import { openAccount } from "@sluice/queue";
import { forgetAccount } from "../support/accounts.ts";
import { startTestRedis } from "../support/redis-server.ts";
import { Model } from "./model.ts";

/** `npm run model -- FIRST COUNT`: runs the model over that many seeds and says which one fails. */
const first = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 1_000);
const STEPS = 60;

const redis = await startTestRedis();
try {
  for (let seed = first; seed < first + count; seed += 1) {
    await using account = await openAccount({ redisUrl: redis.url, account: `model-${seed}` });
    try {
      await new Model(account, seed).run(STEPS);
    } catch (error) {
      process.stderr.write(`seed ${seed} fails; repeat it with: npm run model -- ${seed} 1\n`);
      throw error;
    }
    await forgetAccount(account);
    if ((seed - first + 1) % 1_000 === 0) process.stdout.write(`${seed - first + 1} seeds hold\n`);
  }
  process.stdout.write(`${count} passed, 0 failed\n`);
} finally {
  await redis.stop();
}
