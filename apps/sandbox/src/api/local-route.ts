import { isIPv4 } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { failure, give, type Answer } from "../answer.ts";
import { checkJson, checkValue } from "../checked.ts";
import { readBody } from "../request-body.ts";

const bodyBytesMax = 10_000_000;

export type Method = "GET" | "POST" | "PUT" | "PATCH";

/** Adds a route that only the machine that the sandbox runs on can use, and no page of another site in its browser. */
export function addLocalRoute(
  app: FastifyInstance,
  method: Method,
  url: string,
  answer: (request: FastifyRequest) => Answer | Promise<Answer>,
): void {
  app.route({
    method,
    url,
    handler: async (request, reply): Promise<FastifyReply> =>
      give(reply, refuseForeign(request) ?? (await answer(request))),
  });
}

/** The refusal of a request that comes from elsewhere. */
export function refuseForeign({ raw, headers, host }: FastifyRequest): Answer | undefined {
  if (!isLoopback(raw.socket.remoteAddress)) {
    return failure(403, "Only for the machine that the sandbox runs on");
  }
  // A page of another site may send requests to this machine, and a name of its own may lead here.
  const { origin } = headers;
  if (!isLocalHost(host) || (origin !== undefined && origin !== `http://${host}`)) {
    return failure(403, "Only for the sandbox's own page and for programs on its machine");
  }
  return undefined;
}

/** Applies a JSON body that passes its checks. */
export async function withBody<T extends z.ZodType>(
  request: FastifyRequest,
  schema: T,
  apply: (value: z.output<T>) => Answer,
): Promise<Answer> {
  const { content } = await readBody(request.raw, bodyBytesMax);
  if (content === null) return failure(413, `The body has more than ${bodyBytesMax} bytes`);
  const checked = checkJson(schema, content);
  return checked.kind === "valid" ? apply(checked.value) : failure(400, checked.message);
}

/** Applies a query that passes its checks. */
export function withQuery<T extends z.ZodType>(
  { query }: FastifyRequest,
  schema: T,
  apply: (value: z.output<T>) => Answer,
): Answer {
  const checked = checkValue(schema, query);
  return checked.kind === "valid" ? apply(checked.value) : failure(400, checked.message);
}

/** Also an IPv4 address in its IPv6 form, as a socket that listens on both shows it. */
function isLoopback(address = ""): boolean {
  const plain = address.replace(/^::ffff:/, "");
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

function isLocalHost(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || isLoopback(name.replace(/^\[(.*)\]$/, "$1"));
}
