import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Account } from "../account.ts";
import { give } from "../answer.ts";
import { countsOf, settingsOf } from "./account-routes.ts";
import { toShown } from "./connector-routes.ts";
import { refuseForeign } from "./local-route.ts";

const lookMs = 500;
const keepAliveMs = 15_000;

/** `GET /sandbox/events`: server-sent events that say that something has changed, and how much there is of everything. */
export function addEventRoutes(app: FastifyInstance, account: Account): void {
  app.get("/sandbox/events", (request, reply) => {
    const refusal = refuseForeign(request);
    if (refusal !== undefined) return give(reply, refusal);
    return stream(account, request, reply);
  });
}

function stream(account: Account, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  let revision = 0;
  let seen = "";
  const look = () => {
    const state = stateOf(account);
    // A client that reads more slowly than things change is told of the last change only.
    if (state === seen || reply.raw.writableNeedDrain) return;
    seen = state;
    revision += 1;
    const data = JSON.stringify({ revision, counts: countsOf(account) });
    reply.raw.write(`event: state\ndata: ${data}\n\n`);
  };
  look();
  const looking = setInterval(look, lookMs);
  const keeping = setInterval(() => reply.raw.write(": here\n\n"), keepAliveMs);
  request.raw.socket.once("close", () => {
    clearInterval(looking);
    clearInterval(keeping);
  });
  return reply;
}

/** Whatever a page shows, it differs when this does. */
function stateOf(account: Account): string {
  const { connectors, endpoints, faults } = account;
  const calls = Object.values(endpoints).map(({ ledger }) => ledger.changes);
  return JSON.stringify([
    countsOf(account),
    settingsOf(account),
    connectors.all.map((connector) => [toShown(connector), connector.identification]),
    faults.seed,
    faults.calls,
    faults.faults,
    calls,
  ]);
}
