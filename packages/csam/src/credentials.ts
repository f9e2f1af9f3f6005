import type { Secret } from "@sluice/service";
import type { Post } from "./gateway.ts";

/**
 * Who signs in: a user, or an OAuth client of the subscription (`oauth`) or of a user (`oidc`), as Qualys's pages "API
 * Authentication" and "Auth ID Client Management" tell them apart.
 */
export type Credentials =
  | { kind: "password"; username: string; password: Secret }
  | { kind: "oauth" | "oidc"; clientId: string; clientSecret: Secret };

/** What no result and no message may show. */
export function secretOf(credentials: Credentials): string {
  return credentials.kind === "password"
    ? credentials.password.reveal()
    : credentials.clientSecret.reveal();
}

/** The call that asks for a token: a user's name and password go in a form, a client's id and secret in headers. */
export function signInCall(
  credentials: Credentials,
): Required<Pick<Post, "path" | "headers" | "content">> {
  if (credentials.kind === "password") {
    const { username, password } = credentials;
    const form = { username, password: password.reveal(), token: "true" };
    return { path: "/auth", headers: {}, content: { form } };
  }
  const { kind, clientId, clientSecret } = credentials;
  return {
    path: `/auth/${kind}`,
    headers: {
      clientId,
      clientSecret: clientSecret.reveal(),
      "content-type": "application/x-www-form-urlencoded",
    },
    content: { body: "" },
  };
}

/** What to check where these credentials are refused. */
export function credentialsRemedy({ kind }: Credentials): string {
  return kind === "password"
    ? "check user name and password (QUALYS_USERNAME and QUALYS_PASSWORD, or the account's in sluice.yaml), and that the user may use the API and does not sign in by SSO"
    : `check id and secret of the client (QUALYS_CLIENT_ID and QUALYS_CLIENT_SECRET, or the account's in sluice.yaml), and that it is one for ${kind} (QUALYS_AUTH)`;
}
