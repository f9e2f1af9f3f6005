import type { FastifyReply, FastifyRequest } from "fastify";
import type { Account } from "./account.ts";
import { failure, give, type Answer } from "./answer.ts";
import { sameText, unauthorizedBodies } from "./auth.ts";
import { readBody } from "./request-body.ts";

const formBytesMax = 16_384;

/**
 * `POST /auth`, a form with `username`, `password` and `token=true`: 201 with the bare JWT, as documented at
 * https://docs.qualys.com/en/oca/api/v2/version_2_apis/fetch_authentication_token.htm. `token` is documented as
 * mandatory, but clients work without it. Exempt from the limits, and without rate headers.
 */
export function loginHandler({ settings, tokens }: Account) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { content } = await readBody(request.raw, formBytesMax);
    const answer = content === null ? failure(413, "The form is too large") : login(content);
    if (answer.kind === "answer") {
      settings.report({ event: "login-answered", status: answer.status });
    }
    return give(reply, answer);
  };

  function login(content: Buffer): Answer {
    const form = new URLSearchParams(content.toString());
    const usernameFits = sameText(form.get("username") ?? "", settings.username);
    const passwordFits = sameText(form.get("password") ?? "", settings.password.reveal());
    if (!usernameFits || !passwordFits) {
      return { kind: "answer", status: 401, body: unauthorizedBodies.credentials };
    }
    const token = tokens.issue(settings.username, settings.nowMs());
    return { kind: "answer", status: 201, body: token };
  }
}
