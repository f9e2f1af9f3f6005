import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** `x.test.ts` needs nothing, `x.redis.test.ts` and everything in `test/` need a Redis server. */
export default defineConfig({
  test: {
    reporters: ["default"],
    // Files wait for processes more than they compute: on two cores, two at once take half the time of one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // For `npm run coverage`: the governor is pure, so all of it can be tested.
    coverage: {
      include: ["packages/governor/src/**"],
      exclude: ["**/test-*.ts"],
      reporter: [["text", { skipFull: true }]],
      thresholds: { 100: true },
    },
    projects: [
      {
        test: {
          name: "unit",
          include: ["{packages,apps}/*/src/**/*.test.ts"],
          exclude: ["**/*.redis.test.ts"],
        },
      },
      {
        test: {
          name: "redis",
          include: ["packages/*/src/**/*.redis.test.ts", "test/**/*.test.ts"],
          globalSetup: ["test/support/redis-server.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: true,
        },
      },
    ],
  },
});
