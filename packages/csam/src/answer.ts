import type { IncomingHttpHeaders } from "node:http";
import type { Reading } from "@sluice/governor";
import { assetErrors, type AssetIdentity } from "./asset-errors.ts";
import { isJsonObject, type JsonObject, type Verdict } from "@sluice/inventory";
import { parseJson } from "./json.ts";
import { isHtml, serverMessage, textOf } from "./server-message.ts";

/** An HTTP answer as it came. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** False when the connection broke, or the body grew too long, before the body's end. */
  isComplete: boolean;
}

export interface JudgeOptions {
  /** The batch, asked for only when asset errors have to be matched. */
  assets: () => readonly AssetIdentity[];
  /** Statuses that always mean "too many calls". */
  limitedStatuses: readonly number[];
}

/** What became of a request that was not accepted. */
export type Failure = Exclude<Verdict, { kind: "accepted" | "accepted-in-part" }>;

/**
 * Judges an answer of the import API, as far as one answer by itself can tell. Pure. The messages
 * hold what the server said in full, and so perhaps secrets.
 */
export function judge(answer: Answer, reading: Reading, options: JudgeOptions): Verdict {
  if (answer.status < 200 || answer.status > 299) {
    return judgeFailure(answer, reading, options.limitedStatuses);
  }
  return judgeSuccess(answer, options.assets);
}

/** Judges an answer whose status is not 2xx; every API of the gateway shares these. */
export function judgeFailure(
  answer: Answer,
  reading: Reading,
  limitedStatuses: readonly number[],
): Failure {
  const { status } = answer;
  const said = `${status}: ${serverMessage(answer.body)}`;
  if (isLimited(status, reading, limitedStatuses)) {
    return { kind: "limited", cause: limitCause(reading), message: `Too many calls (${said})` };
  }
  if (status === 401) {
    return {
      kind: "forbidden",
      message: `Qualys does not accept its own fresh token (${said}); check that the user may use the API`,
      mayBeBatch: false,
    };
  }
  if (status === 403) {
    return {
      kind: "forbidden",
      message: `The user may not make this call (${said}); check its role, API access and the CSAM module`,
      mayBeBatch: true,
    };
  }
  if (status === 413) {
    return { kind: "too-large", message: `The request is too large (${said})` };
  }
  if (status === 408 || status === 425 || status >= 500) {
    return { kind: "unavailable", message: `Qualys is not available (${said})` };
  }
  if (status < 400 || status === 404 || status === 405 || status === 410) {
    return wrongAddress(answer);
  }
  // What a broken off answer blames might not be the batch.
  return answer.isComplete ? judgeRefusal(status, serverMessage(answer.body)) : senseless(answer);
}

function judgeSuccess(answer: Answer, assets: JudgeOptions["assets"]): Verdict {
  const { status, body, isComplete } = answer;
  if (isComplete && body.trim() === "") {
    return { kind: "accepted" };
  }
  const json = isComplete ? parseJson(body) : undefined;
  if (!isJsonObject(json)) {
    return senseless(answer);
  }
  const outcome = claimedOutcome(json);
  if (outcome === "failure") {
    return judgeRefusal(status, serverMessage(body));
  }
  const errors = assetErrors(json, assets);
  if (errors.rejected.length > 0 || errors.unplaced.length > 0) {
    return { kind: "accepted-in-part", ...errors };
  }
  return outcome === "part" || (status === 207 && outcome === "none")
    ? { kind: "accepted-in-part", rejected: [], unplaced: [serverMessage(body)] }
    : { kind: "accepted" };
}

/** What the answer itself says of the whole, by its response code if it has one. */
function claimedOutcome(json: JsonObject): "success" | "part" | "failure" | "none" {
  const code = textOf(json["responseCode"]).toUpperCase();
  if (code === "SUCCESS" || code === "SUCCESSFULLY_PUBLISHED") {
    return "success";
  }
  if (code.includes("PARTIAL")) {
    return "part";
  }
  const error = json["error"];
  const isErrorText = typeof error === "string" && error.trim() !== "";
  return code !== "" || isErrorText ? "failure" : "none";
}

/** A refusal in words: of the subscription, of the size, or else of the batch. */
function judgeRefusal(status: number, text: string): Failure {
  const said = `${status}: ${text}`;
  const telling = text.slice(0, tellingCharsMax);
  if (credentialWords.some((pattern) => pattern.test(telling))) {
    return {
      kind: "forbidden",
      message: `Qualys does not accept the subscription (${said}); CSAM is known to refuse the tokens of OAuth clients so: sign in with QUALYS_AUTH=password, as a user whose subscription has CSAM`,
      mayBeBatch: false,
    };
  }
  if (sizeWords.some((pattern) => pattern.test(telling))) {
    return { kind: "too-large", message: `The request is too large (${said})` };
  }
  return { kind: "refused", message: `Qualys refused the request (${said})` };
}

/** A reason stands at the beginning; what follows may be an echo of the whole request. */
const tellingCharsMax = 2_000;

/**
 * CSAM answers `Error validating customer from token - Invalid Subscription Id` to the tokens of
 * OAuth clients, as users report; Qualys does not document it.
 */
const credentialWords = [
  /\bvalidating (?:the )?(?:customer|subscription|token)\b/i,
  /\b(?:invalid|unknown|expired|inactive) (?:subscription|customer|access token|jwt)\b/i,
  /\b(?:subscription|customer|access token|jwt)\b.{0,40}\b(?:invalid|not valid|not found|expired|inactive|not active|disabled|suspended)\b/i,
  /^(?:invalid|expired) token\W*$/i,
];

/**
 * Qualys documents no limit of assets or bytes, so words about the request as a whole have to do;
 * those about one field's length must not match, or sound batches would shrink for it.
 */
const sizeWords = [
  /\b(?:request|payload|body|batch|content|entity)(?: body| payload| entity)?[ -](?:is |was )?(?:too (?:large|big|long)\b|(?:size|length)\b.{0,40}\b(?:exceed|limit|max|larger|greater)|exceed\w*\b.{0,40}\b(?:size|bytes)\b)/i,
  /\b(?:exceed|max|limit)\w*\b.{0,40}\b(?:request|payload|body|batch|content|entity)[ -](?:size|length)\b/i,
  /\btoo many (?:assets|records|items)\b/i,
  /\b(?:assets|assetCount|records)\b.{0,40}\b(?:exceed|maximum)/i,
  /\b(?:exceed|max)\w*\b.{0,40}\b(?:assets|records) (?:per|in|allowed)\b/i,
];

function isLimited(status: number, reading: Reading, limitedStatuses: readonly number[]): boolean {
  // The classic API's status for a block; the gateway's for a conflict, unless it names a budget.
  const isBlock = status === 409 && Object.values(reading).some((value) => value !== null);
  return isBlock || limitedStatuses.includes(status);
}

function limitCause(reading: Reading): "rate" | "concurrency" {
  const { concurrencyLimit, concurrencyRunning, remaining } = reading;
  const isFull =
    concurrencyLimit !== null &&
    concurrencyRunning !== null &&
    concurrencyRunning >= concurrencyLimit;
  return isFull && remaining !== null && remaining > 0 ? "concurrency" : "rate";
}

/** Judges an answer that is not what the API gives: nothing can be concluded from it. */
export function senseless(answer: Answer): Failure {
  const { status, body, isComplete } = answer;
  if (!isComplete) {
    return {
      kind: "unknown",
      message: `Qualys answered ${status}, but the answer broke off, so nobody knows what became of the request`,
    };
  }
  // A page that asks for a password is some other system's front door.
  if (isHtml(body) && /\btype\s*=\s*["']?password\b/i.test(body)) {
    return wrongAddress(answer);
  }
  const what = isHtml(body) ? "a web page" : "something that makes no sense";
  return { kind: "unavailable", message: `Qualys answered ${status} with ${what}` };
}

function wrongAddress({ status, headers, body }: Answer): Failure {
  const said = `${status}: ${serverMessage(body)}${redirection(headers.location)}`;
  return {
    kind: "wrong-address",
    message: `There is no Qualys API at this address (${said}); check QUALYS_GATEWAY_URL`,
  };
}

/** Where a redirect leads, without what its query may carry. */
function redirection(location: string | undefined): string {
  const target = location === undefined ? null : URL.parse(location, "http://here.invalid");
  const origin = target?.host === "here.invalid" ? "" : target?.origin;
  return target === null ? "" : `, redirecting to "${origin}${target.pathname}"`;
}
