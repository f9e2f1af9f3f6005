import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { endpointNames, type Account } from "../account.ts";
import { failure, ok } from "../answer.ts";
import { chartCalls } from "../call-chart.ts";
import { addLocalRoute, withQuery } from "./local-route.ts";
import { pageQuerySchema } from "./page-query.ts";

const endpoint = z.enum(endpointNames).default("import");

const listSchema = pageQuerySchema(1_000).extend({ endpoint });

const receiptsSchema = pageQuerySchema(10_000);

const chartSchema = z.object({
  endpoint,
  spanMs: z.coerce.number().min(1).max(86_400_000).optional(),
  points: z.coerce.number().int().min(10).max(600).default(120),
});

/** Every call as the server saw it, as a list and as a chart of the window against the limit; what the calls brought; tokens. */
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

  addLocalRoute(app, "GET", "/sandbox/receipts", (request) =>
    withQuery(request, receiptsSchema, ({ limit, after }) => {
      if (account.receipts === null) {
        return failure(404, "No receipts are kept; start the sandbox with --receipts");
      }
      const receipts = account.receipts.after(after ?? 0, limit);
      const next = receipts.length === limit ? String(receipts.at(-1)?.number) : null;
      return ok({ receipts, next });
    }),
  );

  addLocalRoute(app, "GET", "/sandbox/tokens", () => ok({ tokens: account.tokens.issued }));
}
