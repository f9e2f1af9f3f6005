import { credentialsRemedy, signInCall, type Credentials } from "./credentials.ts";
import type { Gateway } from "./gateway.ts";
import { readSignIn, type IssuedToken, type SignInFailure } from "./sign-in.ts";

export interface TokenSourceOptions {
  gateway: Gateway;
  credentials: Credentials;
  timeoutMs: number;
  nowMs: () => number;
}

/** Qualys's documented lifetime of a token that does not tell its own. */
const defaultLifetimeMs = 4 * 3_600_000;
const marginMsMax = 60_000;
const refusalMs = 60_000;
const answerBytesMax = 65_536;

/**
 * The token of one user or client, fetched when needed and kept until shortly before it expires.
 *
 * All callers share one sign-in. A refused sign-in is remembered for a minute and answered from
 * memory: `/auth` with wrong credentials is never tried in a loop, which could lock the user out.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  #pending: Promise<IssuedToken | SignInFailure> | undefined;
  #token: { issued: IssuedToken; staleAtMs: number } | undefined;
  #refusal: { failure: SignInFailure; endsAtMs: number } | undefined;
  #refusedInRow = 0;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  /** A token, or why there is none. Never rejects. */
  async get(): Promise<IssuedToken | SignInFailure> {
    const nowMs = this.#options.nowMs();
    if (this.#token !== undefined && nowMs < this.#token.staleAtMs) {
      return this.#token.issued;
    }
    if (this.#refusal !== undefined && nowMs < this.#refusal.endsAtMs) {
      return this.#refusal.failure;
    }
    this.#pending ??= this.#signIn().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Notes that the server took a token. */
  accept(): void {
    this.#refusedInRow = 0;
  }

  /**
   * Gives up a token that the server did not take; a newer one, fetched meanwhile, stays. Returns whether it may just have become
   * stale: a second one that is refused, with none taken in between, says that the user is.
   */
  refuse(token: string): boolean {
    if (this.#token?.issued.token === token) {
      this.#token = undefined;
      this.#refusedInRow += 1;
    }
    return this.#refusedInRow < 2;
  }

  /** Forgets token and refusal: the next call signs in. */
  reset(): void {
    this.#token = undefined;
    this.#refusal = undefined;
    this.#refusedInRow = 0;
  }

  async #signIn(): Promise<IssuedToken | SignInFailure> {
    const { gateway, credentials, timeoutMs, nowMs } = this.#options;
    const exchange = await gateway.post({
      ...signInCall(credentials),
      timeoutMs,
      answerBytesMax,
    });
    const atMs = nowMs();
    const result = readSignIn(exchange, atMs, credentialsRemedy(credentials));
    if (result.kind === "token") {
      const lifetimeMs = result.lifetimeMs ?? defaultLifetimeMs;
      const marginMs = Math.min(marginMsMax, lifetimeMs / 10);
      this.#token = { issued: result, staleAtMs: atMs + lifetimeMs - marginMs };
      this.#refusal = undefined;
    } else if (result.kind === "refused") {
      this.#refusal = { failure: result, endsAtMs: atMs + refusalMs };
    }
    return result;
  }
}
