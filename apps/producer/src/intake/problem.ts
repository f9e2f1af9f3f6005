import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";

/** One mistake of a request. */
export interface Mistake {
  /** Where: a JSON pointer into the body, or the name of a parameter. */
  path: string;
  message: string;
}

export interface ProblemOptions {
  headers?: Readonly<Record<string, string>>;
  errors?: readonly Mistake[];
  /** What the log is told. */
  cause?: unknown;
}

/** The body of every answer that refuses a request (RFC 9457). */
export interface ProblemBody {
  type: "about:blank";
  title: string;
  status: number;
  detail: string;
  errors?: readonly Mistake[];
}

const PROBLEM_TYPE = "application/problem+json";

/** A request that can't be served, with the answer to it. `detail` says what is wrong and what to do. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly Mistake[];

  constructor(status: number, detail: string, options: ProblemOptions = {}) {
    const { headers = {}, errors = [], cause } = options;
    super(detail, { cause });
    this.status = status;
    this.headers = headers;
    this.errors = errors;
  }

  get body(): ProblemBody {
    const { status, message: detail, errors } = this;
    const title = STATUS_CODES[status] ?? "Error";
    return { type: "about:blank", title, status, detail, ...(errors.length > 0 && { errors }) };
  }

  send(reply: FastifyReply): FastifyReply {
    const { status, headers, body } = this;
    return reply.code(status).headers(headers).type(PROBLEM_TYPE).send(JSON.stringify(body));
  }

  /** The whole answer, for a connection that has no request to reply to. */
  toHttp(): string {
    const { status, body } = this;
    const text = JSON.stringify(body);
    const head = [`HTTP/1.1 ${status} ${body.title}`, `Content-Type: ${PROBLEM_TYPE}`];
    head.push(`Content-Length: ${Buffer.byteLength(text)}`, "Connection: close");
    return `${head.join("\r\n")}\r\n\r\n${text}`;
  }
}

/** A name in a request's path that means nothing here. */
export function noSuchConnector(name: string, known: ReadonlyMap<string, unknown>): Problem {
  const names = [...known.keys()].join(", ");
  return new Problem(404, `There is no connector "${name}"; there is: ${names}`);
}

/** Not now, but soon: the same request later is right. */
export function busy(detail: string, retryAfterSec = 1, cause?: unknown): Problem {
  return new Problem(503, detail, { headers: { "retry-after": String(retryAfterSec) }, cause });
}
