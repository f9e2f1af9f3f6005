import { booksObject, readRun, sealRun, type Account, type Run } from "@sluice/queue";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { accountsOf, type IntakeConnectors } from "./intake-connector.ts";
import { onlyMethod } from "./only-method.ts";
import { Problem } from "./problem.ts";
import { refusals } from "./refusals.ts";
import type { RoutesOptions } from "./routes.ts";
import { isNamedRun } from "./run-ids.ts";
import { books, runParams } from "./schemas.ts";

const URL = "/v1/runs/:id";
const SEAL_URL = `${URL}/seal`;
const security = [{ bearer: [] }, { header: [] }];

/** `GET /v1/runs/{id}`: a run's books. `POST /v1/runs/{id}/seal`: all of a named run has been sent. */
export function addRunRoutes(app: FastifyInstance, { connectors }: RoutesOptions): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    URL,
    {
      schema: {
        operationId: "readRun",
        summary: "What became of a run's records",
        security,
        params: runParams,
        response: { 200: books, ...refusals(400, 401, 404, 429) },
      },
    },
    async ({ params: { id } }) => booksObject((await needRun(connectors, id)).run, Date.now()),
  );
  onlyMethod(app, "GET", URL);
  typed.post(
    SEAL_URL,
    {
      schema: {
        operationId: "sealRun",
        summary: "All of a run that you named has been sent",
        security,
        params: runParams,
        response: { 200: books, ...refusals(400, 401, 404, 409, 429) },
      },
    },
    async ({ params: { id } }) => {
      const { account } = await needRun(connectors, id);
      if (!isNamedRun(id)) {
        throw new Problem(409, `Run "${id}" was not named with ?run=; it is sealed by itself`);
      }
      await sealRun(account, id);
      return booksObject((await needRun(connectors, id)).run, Date.now());
    },
  );
  onlyMethod(app, "POST", SEAL_URL);
}

/** The run, in whichever account it is. */
async function needRun(
  connectors: IntakeConnectors,
  id: string,
): Promise<{ account: Account; run: Run }> {
  for (const account of accountsOf(connectors)) {
    const run = await readRun(account, id);
    if (run !== null) return { account, run };
  }
  throw new Problem(404, `There is no run "${id}"`);
}
