import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import { failure, type Answer } from "./answer.ts";
import type { AdmittedCall } from "./endpoint.ts";
import { matchesKey, type Fault } from "./faults.ts";
import { checkImport, type ImportRequest } from "./import-request.ts";

/** Answers one import call that the limits let in: checks, then the fault that is due, then the merge. */
export async function answerImport(
  account: Account,
  { body, entry }: AdmittedCall,
): Promise<Answer> {
  const { bodyBytesMax, latencyMs } = account.settings;
  const check = body === null ? undefined : checkImport(body, account.connectors);
  const keys = check?.kind === "valid" ? keysOf(check.value) : [];
  if (check?.kind === "valid") {
    account.endpoints.import.ledger.describe(entry, { requestId: check.value.requestId, keys });
  }

  const fault = account.faults.take(keys);
  const delayMs = latencyMs + (fault?.kind === "slow" ? fault.delayMs : 0);
  if (delayMs > 0) await sleep(delayMs, undefined, { signal: account.closing });

  const scripted = fault === undefined ? undefined : unprocessed(fault);
  if (scripted !== undefined) return scripted;
  if (check === undefined) return failure(413, `The body has more than ${bodyBytesMax} bytes`);
  if (check.kind === "refused") return failure(400, check.message);
  return process(account, check.value, fault);
}

/** What a fault does that keeps the call from being processed. */
function unprocessed(fault: Fault): Answer | undefined {
  if (fault.kind === "hang") return { kind: "hang" };
  if (fault.kind === "cut" && !fault.processed) return { kind: "cut" };
  if (fault.kind === "answer" && fault.processed !== true) return scriptedAnswer(fault, undefined);
  return undefined;
}

function process(account: Account, request: ImportRequest, fault: Fault | undefined): Answer {
  if (!account.inventory.hasRoomFor(request.assets.length)) {
    return failure(400, "The sandbox is full; restart it to empty it");
  }
  const errors = fault?.kind === "refuse-assets" ? refusedAssets(request, fault) : new Map();
  account.inventory.merge(request, account.settings.nowMs(), (key) => errors.has(key));
  const success = {
    message: "The assets were submitted; they appear in the inventory once they are processed",
    responseCode: "SUCCESSFULLY_PUBLISHED",
    assetsError: Object.fromEntries(errors),
  };
  if (fault?.kind === "cut") return { kind: "cut" };
  if (fault?.kind === "answer") return scriptedAnswer(fault, success);
  return { kind: "answer", status: 200, body: success };
}

/** The refused keys, each with its message. The shape of `assetsError` is not documented; a map by key is a guess. */
function refusedAssets(
  request: ImportRequest,
  { keys, message = "The asset was refused" }: Extract<Fault, { kind: "refuse-assets" }>,
): Map<string, string> {
  const refused = keysOf(request).filter((key) => matchesKey(keys, key));
  return new Map(refused.map((key) => [key, message]));
}

function scriptedAnswer(fault: Extract<Fault, { kind: "answer" }>, success: unknown): Answer {
  const body = fault.body ?? success ?? { responseCode: "FAILED", message: "A scripted fault" };
  return { kind: "answer", status: fault.status, body, headers: fault.headers ?? {} };
}

function keysOf(request: ImportRequest): string[] {
  return request.assets.map(({ asset }) => asset.identityAttributes.sourceNativeKey);
}
