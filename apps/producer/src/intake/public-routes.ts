import { setTimeout as delay } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { accountsOf, type IntakeConnectors } from "./intake-connector.ts";
import { onlyMethod } from "./only-method.ts";
import { busy } from "./problem.ts";
import { refusals } from "./refusals.ts";
import { health } from "./schemas.ts";

const READY_MS_MAX = 2_000;

/** What needs no key: whether the process lives, whether Redis answers, and the description of the whole. */
export function addPublicRoutes(app: FastifyInstance, connectors: IntakeConnectors): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    "/livez",
    { schema: { operationId: "isAlive", summary: "The process lives", response: { 200: health } } },
    async () => ({ status: "ok" as const }),
  );
  typed.get(
    "/readyz",
    {
      schema: {
        operationId: "isReady",
        summary: "Redis answers",
        response: { 200: health, ...refusals(503) },
      },
    },
    async () => {
      const pings = accountsOf(connectors).map(({ client }) => client.ping());
      const answers = Promise.all(pings).then(
        () => true,
        () => false,
      );
      if (!(await Promise.race([answers, delay(READY_MS_MAX, false)]))) {
        throw busy("Redis does not answer");
      }
      return { status: "ok" as const };
    },
  );
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  for (const url of ["/livez", "/readyz", "/openapi.json"]) onlyMethod(app, "GET", url);
}
