import type { FastifyReply } from "fastify";

/** What a call gets: an answer (an object goes as JSON, a text as it is), a cut connection, or nothing at all. */
export type Answer =
  | { kind: "answer"; status: number; body?: unknown; headers?: Readonly<Record<string, string>> }
  | { kind: "cut" }
  | { kind: "hang" };

/** An answer with an error body as public clients of CSAM have seen it; its form is not documented. */
export function failure(status: number, message: string): Answer {
  return { kind: "answer", status, body: { responseCode: "FAILED", message } };
}

/** Gives the answer to the client; its own headers win over `headers`. */
export function give(
  reply: FastifyReply,
  answer: Answer,
  headers: Readonly<Record<string, string>> = {},
): FastifyReply {
  if (answer.kind === "answer") {
    const { status, body, headers: ownHeaders = {} } = answer;
    return reply.code(status).headers(headers).headers(ownHeaders).send(body);
  }
  reply.hijack();
  if (answer.kind === "cut") reply.raw.destroy();
  return reply;
}
