import type { FastifyInstance } from "fastify";
import { configureLimits, type Account } from "./account.ts";
import { ok } from "./answer.ts";
import { addLocalRoute, withBody } from "./api/local-route.ts";
import { faultPlanSchema } from "./faults/fault.ts";
import { limitChangesSchema } from "./options.ts";

/**
 * The routes that tests and other processes steer a sandbox by, as docs/sandbox-api.md describes them:
 * - `GET /sandbox/health`: how many assets and calls there are;
 * - `GET /sandbox/calls`: the audit of the import calls; `?keys=true` adds the keys of each;
 * - `PUT /sandbox/limits`: changes `limit`, `windowMs`, `concurrency`, and answers with those in force;
 * - `GET /sandbox/faults`, `PUT /sandbox/faults`: shows and replaces the fault script.
 */
export function addControlRoutes(app: FastifyInstance, account: Account): void {
  const { faults, settings } = account;
  const { limiter, ledger } = account.endpoints.import;

  addLocalRoute(app, "GET", "/sandbox/health", () =>
    ok({
      status: "ok",
      assets: account.inventory.assetCount + account.passed,
      calls: ledger.calls.length,
    }),
  );

  addLocalRoute(app, "GET", "/sandbox/calls", ({ query }) => {
    const withKeys = (query as { keys?: string }).keys === "true";
    const calls = withKeys ? ledger.calls : ledger.calls.map(({ keys: _keys, ...rest }) => rest);
    return ok({ calls, callsInWorstWindow: ledger.worstWindow(limiter.limits.windowMs) });
  });

  addLocalRoute(app, "PUT", "/sandbox/limits", (request) =>
    withBody(request, limitChangesSchema, (changes) => {
      configureLimits(account, changes);
      return ok(limiter.limits);
    }),
  );

  addLocalRoute(app, "GET", "/sandbox/faults", () => {
    const { seed, calls } = faults;
    return ok({ seed, calls, faults: faults.faults });
  });

  addLocalRoute(app, "PUT", "/sandbox/faults", (request) =>
    withBody(request, faultPlanSchema, (plan) => {
      faults.replace(plan, settings.nowMs());
      return { kind: "answer", status: 204 };
    }),
  );
}
