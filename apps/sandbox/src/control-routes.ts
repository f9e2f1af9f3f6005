import { isIPv4 } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { configureLimits, type Account } from "./account.ts";
import { failure, give, type Answer } from "./answer.ts";
import { faultScriptSchema } from "./faults.ts";
import { checkJson } from "./checked.ts";
import { limitChangesSchema } from "./options.ts";
import { readBody } from "./request-body.ts";

const bodyBytesMax = 10_000_000;

/**
 * The sandbox's own endpoints, outside the platform's paths and only for the same machine:
 * - `GET /sandbox/health`: how many assets and calls there are;
 * - `GET /sandbox/calls`: the audit of the import calls; `?keys=true` adds the keys of each;
 * - `PUT /sandbox/limits`: changes `limit`, `windowMs`, `concurrency`, and answers with those in force;
 * - `PUT /sandbox/faults`: replaces the fault script.
 */
export function addControlRoutes(app: FastifyInstance, account: Account): void {
  const { limiter, ledger } = account.endpoints.import;

  app.get("/sandbox/health", (request, reply) =>
    answerLocally(request, reply, () =>
      ok({ status: "ok", assets: account.inventory.assets.size, calls: ledger.calls.length }),
    ),
  );

  app.get<{ Querystring: { keys?: string } }>("/sandbox/calls", (request, reply) =>
    answerLocally(request, reply, () => {
      const withKeys = request.query.keys === "true";
      const calls = withKeys ? ledger.calls : ledger.calls.map(({ keys: _keys, ...rest }) => rest);
      return ok({ calls, callsInWorstWindow: ledger.worstWindow(limiter.limits.windowMs) });
    }),
  );

  app.put("/sandbox/limits", (request, reply) =>
    answerLocally(request, reply, () =>
      change(request, limitChangesSchema, (changes) => {
        configureLimits(account, changes);
        return ok(limiter.limits);
      }),
    ),
  );

  app.put("/sandbox/faults", (request, reply) =>
    answerLocally(request, reply, () =>
      change(request, faultScriptSchema, (script) => {
        account.faults.replace(script);
        return { kind: "answer", status: 204 };
      }),
    ),
  );
}

async function answerLocally(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: () => Answer | Promise<Answer>,
): Promise<FastifyReply> {
  if (!isLoopback(request.raw.socket.remoteAddress)) {
    return give(reply, failure(403, "Only for the machine that the sandbox runs on"));
  }
  return give(reply, await answer());
}

async function change<T extends z.ZodType>(
  request: FastifyRequest,
  schema: T,
  apply: (value: z.output<T>) => Answer,
): Promise<Answer> {
  const { content } = await readBody(request.raw, bodyBytesMax);
  if (content === null) return failure(413, `The body has more than ${bodyBytesMax} bytes`);
  const checked = checkJson(schema, content);
  return checked.kind === "valid" ? apply(checked.value) : failure(400, checked.message);
}

/** Also an IPv4 address in its IPv6 form, as a socket that listens on both shows it. */
function isLoopback(address = ""): boolean {
  const plain = address.replace(/^::ffff:/, "");
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

function ok(body: unknown): Answer {
  return { kind: "answer", status: 200, body };
}
