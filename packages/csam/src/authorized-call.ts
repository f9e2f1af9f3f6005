import type { Answer, Failure } from "./answer.ts";
import type { Gateway, Post } from "./gateway.ts";
import type { SignInFailure } from "./sign-in.ts";
import type { TokenSource } from "./token-source.ts";

/** A POST for which the user has to be signed in. */
export interface AuthorizedPost extends Omit<Post, "headers"> {
  /** What it is, to be read after "for": `import "4f1c"`. */
  what: string;
  /** Asked when a token is there, directly before the call: false leaves it unmade. */
  mayPost?: (() => boolean) | undefined;
}

/** How a call ended, and the tokens it showed to the server, which may echo them. */
export type Called =
  /** `isTokenStale`: the token was not taken, and another one may be. */
  | { answer: Answer; isTokenStale: boolean; tokens: readonly string[] }
  | { answer: null; failure: Failure; tokens: readonly string[] };

/** Posts with a token. One that is stale is replaced, and the call repeated, once. */
export async function callRepeated(
  gateway: Gateway,
  tokens: TokenSource,
  post: AuthorizedPost,
): Promise<Called> {
  const first = await callOnce(gateway, tokens, post);
  if (first.answer === null || !first.isTokenStale) {
    return first;
  }
  const second = await callOnce(gateway, tokens, post);
  return { ...second, tokens: [...first.tokens, ...second.tokens] };
}

/** Posts with a token, once: whoever has a permit for one call makes one. */
export async function callOnce(
  gateway: Gateway,
  tokens: TokenSource,
  { what, mayPost, ...post }: AuthorizedPost,
): Promise<Called> {
  const issued = await tokens.get();
  if (issued.kind !== "token") {
    return { answer: null, failure: withoutToken(issued), tokens: [] };
  }
  const { token } = issued;
  if (mayPost?.() === false) {
    const message = `Did not make ${what}: signing in took longer than its permit lasts`;
    return { answer: null, failure: { kind: "unavailable", message }, tokens: [token] };
  }
  const exchange = await gateway.post({
    ...post,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  });
  if (exchange.kind === "no-answer") {
    const failure: Failure = exchange.wasSent
      ? { kind: "unknown", message: `No answer came for ${what}: ${exchange.message}` }
      : { kind: "unavailable", message: `Cannot reach Qualys for ${what}: ${exchange.message}` };
    return { answer: null, failure, tokens: [token] };
  }
  const isRefused = exchange.status === 401;
  if (!isRefused) tokens.accept();
  return { answer: exchange, isTokenStale: isRefused && tokens.refuse(token), tokens: [token] };
}

function withoutToken(failure: SignInFailure): Failure {
  if (failure.kind !== "refused") return failure;
  return { ...failure, kind: "forbidden", mayBeBatch: false };
}
