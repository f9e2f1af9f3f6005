import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { endpointNames, type Account } from "../account.ts";
import { ok } from "../answer.ts";
import { chartCalls } from "../call-chart.ts";
import { addLocalRoute, withQuery } from "./local-route.ts";
import { pageQuerySchema } from "./page-query.ts";

const endpoint = z.enum(endpointNames).default("import");

const listSchema = pageQuerySchema(1_000).extend({ endpoint });

const chartSchema = z.object({
  endpoint,
  spanMs: z.coerce.number().min(1).max(86_400_000).optional(),
  points: z.coerce.number().int().min(10).max(600).default(120),
});

/** Every call as the server saw it: as a list, and as a chart of the window against the limit. */
export function addAuditRoutes(app: FastifyInstance, account: Account): void {
  addLocalRoute(app, "GET", "/sandbox/audit", (request) =>
    withQuery(request, listSchema, ({ endpoint, limit, after }) => {
      const { ledger } = account.endpoints[endpoint];
      const found = ledger.before(after ?? Infinity, limit + 1);
      const calls = found.slice(0, limit).map(({ keys: _keys, ...call }) => call);
      const next = found.length > limit ? String(calls.at(-1)?.number) : null;
      return ok({ calls, next });
    }),
  );

  addLocalRoute(app, "GET", "/sandbox/audit/chart", (request) =>
    withQuery(request, chartSchema, ({ endpoint, spanMs, points }) => {
      const { ledger, limiter } = account.endpoints[endpoint];
      const { windowMs, limit } = limiter.limits;
      const untilMs = account.settings.nowMs();
      const span = { untilMs, spanMs: spanMs ?? windowMs, points };
      return ok({ windowMs, limit, points: chartCalls(ledger.calls, windowMs, span) });
    }),
  );
}
