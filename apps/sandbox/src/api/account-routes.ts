import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { configureBehaviour, configureLimits, type Account } from "../account.ts";
import { ok } from "../answer.ts";
import { behaviourChangesSchema } from "../behaviour.ts";
import { limitChangesSchema } from "../options.ts";
import { addLocalRoute, withBody } from "./local-route.ts";

const settingsChangesSchema = z.strictObject({
  ...limitChangesSchema.shape,
  ...behaviourChangesSchema.shape,
});

/** What a client needs, how things stand, and what can be changed while the sandbox runs. */
export function addAccountRoutes(app: FastifyInstance, account: Account): void {
  const { settings } = account;

  addLocalRoute(app, "GET", "/sandbox/account", (request) =>
    ok({
      url: `http://${request.host}`,
      username: settings.username,
      password: settings.password.reveal(),
      clientId: settings.clientId,
      clientSecret: settings.clientSecret.reveal(),
      mode: settings.mode,
      store: settings.store,
      counts: countsOf(account),
    }),
  );

  addLocalRoute(app, "GET", "/sandbox/settings", () => ok(settingsOf(account)));

  addLocalRoute(app, "PATCH", "/sandbox/settings", (request) =>
    withBody(request, settingsChangesSchema, (changes) => {
      const { limit, windowMs, concurrency, ...behaviour } = changes;
      configureLimits(account, { limit, windowMs, concurrency });
      configureBehaviour(account, behaviour);
      return ok(settingsOf(account));
    }),
  );
}

/** How much there is of everything. */
export function countsOf({ inventory, accepted, endpoints, passed }: Account) {
  return {
    assets: inventory.assetCount + passed,
    records: inventory.recordCount,
    pending: accepted.assetCount,
    dropped: inventory.dropped.count,
    calls: endpoints.import.ledger.calls.length,
  };
}

/** The limits and the behaviour in force. */
export function settingsOf({ endpoints, behaviour }: Account) {
  return { ...endpoints.import.limiter.limits, ...behaviour };
}
