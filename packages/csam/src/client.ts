import { performance } from "node:perf_hooks";
import { emptyReading, type Reading } from "@sluice/governor";
import type { Verdict } from "@sluice/inventory";
import { type Answer, type Failure, judge, judgeFailure, senseless } from "./answer.ts";
import type { AssetIdentity } from "./asset-errors.ts";
import * as pages from "./asset-page.ts";
import { type AuthorizedPost, callOnce, callRepeated, type Called } from "./authorized-call.ts";
import { concealer } from "./conceal.ts";
import { secretOf, type Credentials } from "./credentials.ts";
import { Gateway } from "./gateway.ts";
import { parseGatewayUrl } from "./gateway-url.ts";
import { readHeaders } from "./headers.ts";
import { proxySecret, type Proxy } from "./proxy.ts";
import type { SignIn } from "./sign-in.ts";
import { TokenSource } from "./token-source.ts";

export interface CsamOptions {
  /** The gateway of the subscription's platform: https, or http on this machine. */
  gatewayUrl: string;
  /** The one other machine that may be called without TLS. */
  plainHttpHost?: string;
  credentials: Credentials;
  /** Root certificates in PEM that are trusted besides the usual ones. @default [] */
  certificateAuthorities?: readonly string[];
  /** @default null: none */
  proxy?: Proxy | null;
  /** The longest that one call may take. @default 120000 */
  callTimeoutMs?: number;
  /** The longest that one sign-in may take. @default 30000 */
  signInTimeoutMs?: number;
  /** Statuses that mean "too many calls", besides a 409 that names a budget. @default [429] */
  limitedStatuses?: readonly number[];
  /** The wall clock, for expiry and dates. @default Date.now */
  nowMs?: () => number;
  /** @default "sluice" */
  userAgent?: string;
}

/** One call of the import API. */
export interface ImportRequest {
  /** The id that the payload carries; named in messages. */
  requestId: string;
  /** The JSON to send, as it is. */
  payload: string | Uint8Array;
  /** Asked directly before the call, after a sign-in that it may need: false leaves it unmade. */
  mayPost?: () => boolean;
  /** The payload's assets in their order; asked for only when asset errors have to be matched. */
  assets: () => readonly AssetIdentity[];
  signal?: AbortSignal;
}

/** The two independent results of a call: what became of the batch, what is known of the budget. */
export interface ImportAnswer {
  verdict: Verdict;
  reading: Reading;
  /** `null` when the import API did not answer, or was not called for want of a token. */
  status: number | null;
  /** The whole exchange, with signing in where that was needed. */
  elapsedMs: number;
  /** The answer's body without secrets, its first 65,536 characters. */
  body: string;
}

/** What a call that reads the inventory back brought. */
export type ReadAnswer<Value> =
  | { kind: "ok"; value: Value; reading: Reading }
  | { kind: "failed"; failure: Failure; reading: Reading };

const importAnswerBytesMax = 1_048_576;
/** Room for the 300 assets of the largest page, at some 50 KB each. */
const readAnswerBytesMax = 16 * 1_048_576;
const bodyCharsMax = 65_536;
const messageCharsMax = 1_000;

/**
 * The asset APIs of one Qualys subscription, for one user or client (Qualys's pages "Generic API Webhook
 * Connector for ETM" and "API Authentication"). Every outcome is a value; nothing is imported twice, and only what reads is repeated, once, with a fresh token; no
 * result holds a password, a client's secret or a token.
 */
export class CsamClient implements AsyncDisposable {
  readonly #gateway: Gateway;
  readonly #tokens: TokenSource;
  readonly #conceal: ReturnType<typeof concealer>;
  readonly #callTimeoutMs: number;
  readonly #limitedStatuses: readonly number[];
  readonly #nowMs: () => number;

  /** Throws a `RangeError` for an address to which the credentials can't be sent safely. */
  constructor(options: CsamOptions) {
    const { credentials, proxy = null, signInTimeoutMs = 30_000, nowMs = Date.now } = options;
    const gateway = new Gateway({
      url: parseGatewayUrl(options.gatewayUrl, options.plainHttpHost),
      userAgent: options.userAgent ?? "sluice",
      certificateAuthorities: options.certificateAuthorities ?? [],
      proxy,
    });
    this.#gateway = gateway;
    this.#tokens = new TokenSource({ gateway, credentials, timeoutMs: signInTimeoutMs, nowMs });
    this.#conceal = concealer(secretOf(credentials), proxy === null ? "" : proxySecret(proxy));
    this.#callTimeoutMs = options.callTimeoutMs ?? 120_000;
    this.#limitedStatuses = options.limitedStatuses ?? [429];
    this.#nowMs = nowMs;
  }

  /** Sends one batch. Never rejects. */
  async importAssets({
    requestId,
    payload,
    assets,
    mayPost,
    signal,
  }: ImportRequest): Promise<ImportAnswer> {
    const startMs = performance.now();
    const called = await this.#call(callOnce, {
      what: `import "${requestId}"`,
      path: "/rest/2.0/am/connector/asset/data/sync",
      content: { body: payload },
      answerBytesMax: importAnswerBytesMax,
      mayPost,
      signal,
    });
    const { answer, reading } = called;
    const verdict = this.#judge(called, reading, assets);
    return {
      verdict: mapTexts(verdict, (text) => this.#shown(text, called.tokens)),
      reading,
      status: answer?.status ?? null,
      elapsedMs: performance.now() - startMs,
      body: this.#conceal(answer?.body ?? "", called.tokens).slice(0, bodyCharsMax),
    };
  }

  /** Makes sure of a token, as `sluice check` asks; signs in only when none is at hand. */
  async signIn(): Promise<SignIn> {
    const result = await this.#tokens.get();
    return result.kind === "token"
      ? { kind: "ok" }
      : { ...result, message: this.#shown(result.message) };
  }

  /** Forgets the token and a refused sign-in, as after a change of the user's rights. */
  reset(): void {
    this.#tokens.reset();
  }

  /** Counts assets of the inventory. Never rejects. */
  async countAssets(
    query: pages.AssetQuery = {},
    signal?: AbortSignal,
  ): Promise<ReadAnswer<number>> {
    return this.#readBack(
      {
        what: "the count",
        path: "/rest/2.0/count/am/asset",
        content: { body: pages.queryBody(query) },
        signal,
      },
      pages.readCount,
    );
  }

  /** Reads one page of the inventory's assets, by rising ids. Never rejects. */
  async searchAssets(
    search: pages.AssetSearch = {},
    signal?: AbortSignal,
  ): Promise<ReadAnswer<pages.AssetPage>> {
    return this.#readBack(
      {
        what: "the search",
        path: "/rest/2.0/search/am/asset",
        query: pages.pageQuery(search),
        content: { body: pages.queryBody(search) },
        signal,
      },
      pages.readPage,
    );
  }

  /** Ends every call, and closes the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#gateway[Symbol.dispose]();
  }

  #judge(called: Called, reading: Reading, assets: ImportRequest["assets"]): Verdict {
    if (called.answer === null) return called.failure;
    const limitedStatuses = this.#limitedStatuses;
    const verdict = judge(called.answer, reading, { assets, limitedStatuses });
    if (verdict.kind !== "forbidden" || !called.isTokenStale) return verdict;
    return { kind: "unauthorized", message: "Qualys does not take the token any more" };
  }

  async #readBack<Value>(
    post: Omit<AuthorizedPost, "answerBytesMax" | "timeoutMs">,
    parse: (answer: Answer) => Value | undefined,
  ): Promise<ReadAnswer<Value>> {
    const called = await this.#call(callRepeated, { ...post, answerBytesMax: readAnswerBytesMax });
    const { answer, reading, tokens } = called;
    if (answer === null) {
      return this.#failed(called.failure, reading, tokens);
    }
    if (answer.status < 200 || answer.status > 299) {
      return this.#failed(judgeFailure(answer, reading, this.#limitedStatuses), reading, tokens);
    }
    const value = answer.isComplete ? parse(answer) : undefined;
    return value === undefined
      ? this.#failed(senseless(answer), reading, tokens)
      : { kind: "ok", value, reading };
  }

  #failed(failure: Failure, reading: Reading, tokens: readonly string[]): ReadAnswer<never> {
    const message = this.#shown(failure.message, tokens);
    return { kind: "failed", failure: { ...failure, message }, reading };
  }

  async #call(
    make: typeof callOnce,
    post: Omit<AuthorizedPost, "timeoutMs">,
  ): Promise<Called & { reading: Reading }> {
    const timeoutMs = this.#callTimeoutMs;
    const called = await make(this.#gateway, this.#tokens, { ...post, timeoutMs });
    const reading =
      called.answer === null ? emptyReading : readHeaders(called.answer.headers, this.#nowMs());
    return { ...called, reading };
  }

  #shown(text: string, tokens?: readonly string[]): string {
    return this.#conceal(text, tokens).slice(0, messageCharsMax);
  }
}

/** The verdict with each text that came from outside put through `map`. */
function mapTexts(verdict: Verdict, map: (text: string) => string): Verdict {
  if (verdict.kind === "accepted") {
    return verdict;
  }
  if (verdict.kind !== "accepted-in-part") {
    return { ...verdict, message: map(verdict.message) };
  }
  return {
    kind: "accepted-in-part",
    rejected: verdict.rejected.map(({ index, message }) => ({ index, message: map(message) })),
    unplaced: verdict.unplaced.map(map),
  };
}
