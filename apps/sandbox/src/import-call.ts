import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import { failure, ok, type Answer } from "./answer.ts";
import { countAssets } from "./count-assets.ts";
import type { AdmittedCall } from "./endpoint.ts";
import { assetErrors, type RefusedAsset } from "./faults/asset-errors.ts";
import { matchesKey, type Fault } from "./faults/fault.ts";
import { checkImport, type CheckedImport } from "./import-request.ts";
import type { Delivery } from "./inventory/inventory.ts";

const hangMsDefault = 600_000;

/** Answers one import call that the limits let in: checks, then the fault that is due, then the import. */
export async function answerImport(account: Account, call: AdmittedCall): Promise<Answer> {
  const check = checkCall(account, call);
  const fault = takeFault(account, call, check);
  const delayMs = account.behaviour.latencyMs + (fault?.kind === "slow" ? fault.delayMs : 0);
  if (delayMs > 0) await sleep(delayMs, undefined, { signal: account.closing });
  if (fault?.kind === "hang") {
    await sleep(fault.forMs ?? hangMsDefault, undefined, { signal: account.closing });
    return { kind: "cut" };
  }
  if (fault !== undefined && !isProcessed(fault)) return scripted(fault, failedAnswer);
  const answer = answerChecked(account, check, fault);
  return fault === undefined ? answer : scripted(fault, answer);
}

/** A counted body is not looked at: what would be checked is not known. */
type CallCheck = CheckedImport | { kind: "counted"; assets: number } | { kind: "too-large" };

function checkCall(account: Account, call: AdmittedCall): CallCheck {
  const { settings, connectors, behaviour, endpoints } = account;
  const { ledger } = endpoints.import;
  if (call.body === null) return { kind: "too-large" };
  if (settings.mode === "counting") {
    const assets = countAssets(call.body);
    ledger.count(call.entry, assets);
    return { kind: "counted", assets };
  }
  const check = checkImport(call.body, connectors, behaviour);
  if (check.kind === "valid") {
    ledger.describe(call.entry, { requestId: check.value.requestId, keys: keysOf(check.value) });
  }
  return check;
}

function takeFault(account: Account, { entry }: AdmittedCall, check: CallCheck): Fault | undefined {
  const keys = check.kind === "valid" ? keysOf(check.value) : [];
  const { bytes, assetCount, atMs } = entry;
  const fault = account.faults.take({ keys, bytes, assets: assetCount ?? 0, atMs });
  if (fault !== undefined) account.endpoints.import.ledger.blame(entry, fault.kind);
  return fault;
}

function answerChecked(account: Account, check: CallCheck, fault: Fault | undefined): Answer {
  const { bodyBytesMax, mode } = account.settings;
  if (check.kind === "too-large") {
    return failure(413, `The body has more than ${bodyBytesMax} bytes`);
  }
  if (check.kind === "refused") return failure(check.status, check.message);
  if (check.kind === "counted") {
    account.passed += check.assets;
    return accepted("The assets were counted and not looked at: this sandbox runs with --counting");
  }
  if (mode === "checking") {
    account.passed += check.value.assets.length;
    return accepted("The assets were checked and not kept: this sandbox runs with --check-only");
  }
  return importDelivery(account, check.value, fault);
}

function importDelivery(account: Account, delivery: Delivery, fault: Fault | undefined): Answer {
  if (!account.intake.hasRoomFor(delivery.assets.length)) {
    return failure(400, "The sandbox is full; start it with another store, or with none");
  }
  const refused = fault?.kind === "refuse-assets" ? refusedAssets(delivery, fault) : [];
  const places = new Set(refused.map(({ index }) => index));
  account.intake.take(
    places.size === 0
      ? delivery
      : { ...delivery, assets: delivery.assets.filter((_, index) => !places.has(index)) },
  );
  const shape = fault?.kind === "refuse-assets" ? fault.shape : undefined;
  const { status, members } = assetErrors(refused, shape ?? account.behaviour.assetErrors);
  return accepted(
    "The assets were submitted; they appear in the inventory once they are processed",
    members,
    status,
  );
}

function accepted(
  message: string,
  members: Readonly<Record<string, unknown>> = { assetsError: {} },
  status = 200,
): Answer {
  return ok({ message, responseCode: "SUCCESSFULLY_PUBLISHED", ...members }, status);
}

const failedAnswer: Answer = {
  kind: "answer",
  status: 200,
  body: { responseCode: "FAILED", message: "A scripted fault" },
};

/** Whether the import takes place although the call takes this fault. */
function isProcessed(fault: Fault): boolean {
  if (fault.kind === "slow" || fault.kind === "refuse-assets") return true;
  if (fault.kind === "hang") return false;
  return fault.processed ?? fault.kind === "truncate";
}

/** What the client gets in the place of `answer`. */
function scripted(fault: Fault, answer: Answer): Answer {
  if (fault.kind === "cut") return { kind: "cut" };
  if (answer.kind === "cut") return answer;
  if (fault.kind === "answer") {
    const { status, headers = {}, body = answer.body } = fault;
    return { kind: "answer", status, body, headers };
  }
  if (fault.kind === "html") {
    const headers = { "Content-Type": "text/html;charset=utf-8" };
    return { kind: "answer", status: fault.status ?? 200, body: loginPage, headers };
  }
  if (fault.kind === "truncate") return { ...answer, bytesMax: fault.bytes ?? 20 };
  return answer;
}

const loginPage =
  "<!DOCTYPE html><html><head><title>Log in</title></head><body><form>Log in</form></body></html>";

/** The assets that a fault names, or its share of them: always the same ones, as data errors would be. */
function refusedAssets(
  { assets }: Delivery,
  { keys, share, message = "The asset was refused" }: Extract<Fault, { kind: "refuse-assets" }>,
): RefusedAsset[] {
  return assets.flatMap(({ asset }, index) => {
    const key = asset.identityAttributes.sourceNativeKey;
    const isRefused =
      share === undefined ? keys === undefined || matchesKey(keys, key) : fateOf(key) < share;
    return isRefused ? [{ index, asset, message }] : [];
  });
}

/** A number from 0 to below 1 that is the key's own. */
function fateOf(key: string): number {
  return createHash("sha256").update(key).digest().readUInt32BE() / 4_294_967_296;
}

function keysOf({ assets }: Delivery): string[] {
  return assets.map(({ asset }) => asset.identityAttributes.sourceNativeKey);
}
