import type { FastifyReply } from "fastify";

/** What a call gets: an answer (an object goes as JSON, a text as it is), the beginning of one, or a cut connection. */
export type Answer =
  | {
      kind: "answer";
      status: number;
      body?: unknown;
      headers?: Readonly<Record<string, string>>;
      /** The answer breaks off after so many bytes of its body, and the connection is cut. */
      bytesMax?: number;
    }
  | { kind: "cut" };

/** An answer with an error body as public clients of CSAM have seen it; its form is not documented. */
export function failure(status: number, message: string): Answer {
  return { kind: "answer", status, body: { responseCode: "FAILED", message } };
}

/** An answer with a JSON body. */
export function ok(body: unknown, status = 200): Answer {
  return { kind: "answer", status, body };
}

/** Gives the answer to the client; its own headers win over `headers`. */
export function give(
  reply: FastifyReply,
  answer: Answer,
  headers: Readonly<Record<string, string>> = {},
): FastifyReply {
  if (answer.kind === "answer") {
    const { status, body, headers: ownHeaders = {}, bytesMax } = answer;
    if (bytesMax !== undefined) return giveBeginning(reply, answer, { ...headers, ...ownHeaders });
    return reply.code(status).headers(headers).headers(ownHeaders).send(body);
  }
  reply.hijack();
  reply.raw.destroy();
  return reply;
}

/** Announces the whole body and sends its first bytes. */
function giveBeginning(
  reply: FastifyReply,
  { status, body, bytesMax }: Extract<Answer, { kind: "answer" }>,
  headers: Readonly<Record<string, string>>,
): FastifyReply {
  const content = Buffer.from(typeof body === "string" ? body : JSON.stringify(body ?? ""));
  reply.hijack();
  reply.raw.writeHead(status, {
    "Content-Type": "application/json",
    ...headers,
    "Content-Length": content.length,
  });
  // One byte at least is kept back: all of them would be a whole answer.
  const sent = content.subarray(0, Math.min(bytesMax ?? 0, content.length - 1));
  reply.raw.write(sent, () => reply.raw.destroy());
  return reply;
}
