import type { FastifyReply, FastifyRequest } from "fastify";
import type { Account, Endpoint, EndpointName } from "./account.ts";
import { failure, give, type Answer } from "./answer.ts";
import { authFailures, type TokenCheck } from "./auth.ts";
import type { Behaviour } from "./behaviour.ts";
import type { SandboxCall, WindowFill } from "./call-ledger.ts";
import type { Limiter } from "./limiter.ts";
import { rateHeaders } from "./rate-headers.ts";
import { readBody } from "./request-body.ts";

/** A call that was let in. */
export interface AdmittedCall {
  readonly query: unknown;
  /** `null` when it is larger than the sandbox takes. */
  readonly body: Buffer | null;
  /** Its entry in the audit. */
  readonly entry: SandboxCall;
}

export type Work = (account: Account, call: AdmittedCall) => Answer | Promise<Answer>;

/**
 * One endpoint of the API, from the arrival of a call to its end: the token, then concurrency, then the window,
 * then `work`. The limits look at a call when its head arrives; the rate headers tell how things stand when it is
 * answered, with the call itself still running.
 */
export function endpointHandler(account: Account, name: EndpointName, work: Work) {
  const { settings, tokens } = account;
  const { limiter, ledger } = account.endpoints[name];

  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const atMs = settings.nowMs();
    const token = tokens.check(request.headers.authorization, atMs);
    const admission = token === "valid" ? limiter.admit(atMs) : "unauthorized";
    const userAgent = request.headers["user-agent"];
    const entry = ledger.open(atMs, admission, windowFill(limiter, atMs), userAgent);
    const end = (status: number | null) => endCall(account, name, entry, status);
    reply.raw.once("close", () => {
      // A client that goes away ends its call, too, or leaves it running; after an answer this changes nothing.
      if (account.behaviour.vanishedCalls === "end") end(null);
    });
    try {
      const { bytes, content } = await readBody(request.raw, settings.bodyBytesMax);
      ledger.measure(entry, bytes);
      const answer =
        refuse(entry, token, limiter, account.behaviour) ??
        (await work(account, { query: request.query, body: content, entry }));
      const headers = headersNow(limiter, account, entry);
      const message = answer.kind === "answer" ? messageOf(answer) : null;
      if (message !== null) ledger.explain(entry, message);
      end(answer.kind === "answer" ? answer.status : null);
      return give(reply, answer, headers);
    } finally {
      end(null);
    }
  };
}

function windowFill(limiter: Limiter, nowMs: number): WindowFill {
  return { inWindow: limiter.state(nowMs).inWindow, limit: limiter.limits.limit };
}

/** Why an answer refuses, if it does. */
function messageOf({ status, body }: Extract<Answer, { kind: "answer" }>): string | null {
  const hasMessage = typeof body === "object" && body !== null && "message" in body;
  return status >= 400 && hasMessage ? String(body.message) : null;
}

/** The slot is free before the client has the answer, so that calls one after the other never count as two at once. */
function endCall(
  { endpoints, settings }: Account,
  name: EndpointName,
  call: SandboxCall,
  status: number | null,
): void {
  const { ledger, limiter }: Endpoint = endpoints[name];
  if (!ledger.close(call, settings.nowMs(), status)) return;
  if (call.admission === "admitted") limiter.release();
  if (name === "import") settings.report({ event: "import-ended", call });
}

function headersNow(
  limiter: Limiter,
  { settings, behaviour }: Account,
  { admission }: SandboxCall,
): Record<string, string> {
  const state = limiter.state(settings.nowMs());
  return rateHeaders(behaviour, limiter.limits, state, admission === "admitted");
}

/** The answer to a call that is not let in. The body of a limited call is not documented. */
function refuse(
  { admission }: SandboxCall,
  token: TokenCheck,
  limiter: Limiter,
  { limitedStatus }: Behaviour,
): Answer | undefined {
  if (token !== "valid") return authFailures[token];
  const { limit, windowMs, concurrency } = limiter.limits;
  if (admission === "rate") {
    const message = `More than ${limit} calls in ${windowMs / 1000} s; wait as X-RateLimit-ToWait-Sec says`;
    return failure(limitedStatus, message);
  }
  if (admission === "concurrency") {
    const message = `More than ${concurrency} calls at once; wait until one has ended`;
    return failure(limitedStatus, message);
  }
  return undefined;
}
