import type { FastifyReply, FastifyRequest } from "fastify";
import type { Account } from "./account.ts";
import { failure, give, type Answer } from "./answer.ts";
import { authFailures, sameText } from "./auth.ts";
import { readBody } from "./request-body.ts";

const formBytesMax = 16_384;

/**
 * `POST /auth`, a form with `username`, `password` and `token=true`: 201 with the bare JWT, as documented at
 * https://docs.qualys.com/en/oca/api/v2/version_2_apis/fetch_authentication_token.htm. `token` is documented as
 * mandatory, but clients work without it. Exempt from the limits, and without rate headers.
 */
export function loginHandler(account: Account) {
  const { settings } = account;
  return loginEndpoint(account, (_request, content) => {
    const form = new URLSearchParams(content.toString());
    const usernameFits = sameText(form.get("username") ?? "", settings.username);
    const passwordFits = sameText(form.get("password") ?? "", settings.password.reveal());
    return usernameFits && passwordFits ? { subject: settings.username, isClient: false } : null;
  });
}

/**
 * `POST /auth/oauth` and `POST /auth/oidc`, with the headers `clientId` and `clientSecret`: the same answers, as
 * documented at https://docs.qualys.com/en/oauth/oauth-phase2/oauth_ui/generate_authentication_token.htm.
 */
export function clientLoginHandler(account: Account) {
  const { settings } = account;
  return loginEndpoint(account, ({ headers }) => {
    const idFits = sameText(String(headers["clientid"]), settings.clientId);
    const secretFits = sameText(String(headers["clientsecret"]), settings.clientSecret.reveal());
    return idFits && secretFits ? { subject: settings.clientId, isClient: true } : null;
  });
}

/** Whom the credentials of a request belong to; `null` if to nobody. */
type Identify = (
  request: FastifyRequest,
  content: Buffer,
) => { subject: string; isClient: boolean } | null;

function loginEndpoint(account: Account, identify: Identify) {
  const { settings, tokens } = account;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { content } = await readBody(request.raw, formBytesMax);
    const answer =
      content === null ? failure(413, "The form is too large") : login(identify(request, content));
    if (answer.kind === "answer") {
      settings.report({ event: "login-answered", status: answer.status });
    }
    return give(reply, answer);
  };

  function login(identity: ReturnType<Identify>): Answer {
    if (identity === null) return authFailures.credentials;
    const token = tokens.issue(identity.subject, settings.nowMs(), identity.isClient);
    const body = account.behaviour.tokenAnswer === "json" ? { access_token: token } : token;
    return { kind: "answer", status: 201, body };
  }
}
