import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import type { z } from "zod";
import { describeApi } from "./describe-api.ts";
import { Problem } from "./problem.ts";
import { problemOf, problemOfConnection } from "./request-errors.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls: a key's name, or the signer. Empty where nobody has to say. */
    caller: string;
  }
  interface FastifyContextConfig {
    /** A signature will do instead of a key. */
    maySign?: boolean;
  }
}

export interface ServerOptions {
  /** PEM; null for plain HTTP. */
  tls: { cert: string; key: string } | null;
  onTrouble: (message: string) => void;
}

/** How long the head of a request, all of it, and a silence within it may take. */
const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 300_000;
const SILENCE_MS_MAX = 30_000;
const KEEP_ALIVE_MS = 30_000;
const CONNECTIONS_MAX = 4_096;
const HEADER_BYTES_MAX = 16 * 1024;

/** An HTTP server without routes: bounded in all a client can do to it, with problem documents for every error. */
export async function createServer({ tls, onTrouble }: ServerOptions): Promise<FastifyInstance> {
  const server = {
    headersTimeout: HEADERS_MS_MAX,
    connectionsCheckingInterval: 5_000,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  const options = {
    requestTimeout: REQUEST_MS_MAX,
    connectionTimeout: SILENCE_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Those that are in hand when the server stops get their answers.
    return503OnClosing: false,
    genReqId: requestIds(),
    frameworkErrors: answerError,
    clientErrorHandler: answerConnectionError,
  };
  const app =
    tls === null
      ? Fastify({ ...options, http: server })
      : (Fastify({ ...options, https: { ...server, ...tls } }) as unknown as FastifyInstance);
  app.server.maxConnections = CONNECTIONS_MAX;
  app.server.on("connect", (_request, socket: Socket) => {
    socket.end(new Problem(405, "This is no proxy; send the request itself").toHttp());
  });
  app.setValidatorCompiler<z.ZodType>((route) =>
    // Bodies are only described: handlers read them as streams, after the head was judged.
    route.httpPart === "body" ? (value: unknown) => ({ value }) : validatorCompiler(route),
  );
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest("caller", "");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ["application/json", "application/x-ndjson"],
    (_request, _payload, done) => done(null),
  );
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.setNotFoundHandler((request, reply) =>
    new Problem(404, `There is nothing at ${request.method} here; see /openapi.json`).send(reply),
  );
  app.setErrorHandler(answerError);
  await describeApi(app);
  return app;

  function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const problem = problemOf(error);
    const cause = problem === null ? error : problem.cause;
    // A client that went away is nobody's trouble.
    if (cause instanceof Error && !request.socket.destroyed) {
      onTrouble(`Request ${request.id} failed: ${cause.message}`);
    }
    const unexpected = () =>
      new Problem(500, `The request failed; the log says why, at request ${request.id}`);
    return (problem ?? unexpected()).send(reply);
  }
}

/** Ids that no other process gives: a random beginning, and a count. */
function requestIds(): () => string {
  const beginning = randomBytes(6).toString("hex");
  let count = 0;
  return () => `${beginning}-${(count += 1)}`;
}

function answerConnectionError(error: { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(problemOfConnection(error.code).toHttp());
}
