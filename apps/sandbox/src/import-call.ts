import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import { failure, ok, type Answer } from "./answer.ts";
import { countAssets } from "./count-assets.ts";
import type { AdmittedCall } from "./endpoint.ts";
import { assetErrors } from "./faults/asset-errors.ts";
import type { Fault } from "./faults/fault.ts";
import { failedAnswer, isProcessed, refusedAssets, scripted } from "./faults/fault-effects.ts";
import { checkImport, type CheckedImport } from "./import-request.ts";
import type { Delivery } from "./inventory/inventory.ts";
import type { Receipts } from "./inventory/receipts.ts";

const hangMsDefault = 600_000;

/** Answers one import call that the limits let in: checks, then the fault that is due, then the import. */
export async function answerImport(account: Account, call: AdmittedCall): Promise<Answer> {
  const check = checkCall(account, call);
  const fault = takeFault(account, call, check);
  const delayMs = account.behaviour.latencyMs + (fault?.kind === "slow" ? fault.delayMs : 0);
  if (delayMs > 0) await sleep(delayMs, undefined, { signal: account.closing });
  if (fault !== undefined && !isProcessed(fault)) enter(account, call, check, () => "ignored");
  if (fault?.kind === "hang") {
    await sleep(fault.forMs ?? hangMsDefault, undefined, { signal: account.closing });
    return { kind: "cut" };
  }
  if (fault !== undefined && !isProcessed(fault)) return scripted(fault, failedAnswer);
  const answer = answerChecked(account, call, check, fault);
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

function answerChecked(
  account: Account,
  call: AdmittedCall,
  check: CallCheck,
  fault: Fault | undefined,
): Answer {
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
  const { places, answer } = importDelivery(account, check.value, fault);
  enter(account, call, check, (index) => (places.has(index) ? "refused" : "imported"));
  return answer;
}

/** Enters a call's assets in the receipts, where they are kept. */
function enter(
  { receipts, settings }: Account,
  { entry }: AdmittedCall,
  check: CallCheck,
  outcomeOf: Parameters<Receipts["add"]>[3],
): void {
  if (receipts === null || check.kind !== "valid") return;
  receipts.add(entry.number, settings.nowMs(), check.value, outcomeOf);
}

/** The answer, and the places of the assets that are not taken in. */
function importDelivery(
  account: Account,
  delivery: Delivery,
  fault: Fault | undefined,
): { answer: Answer; places: ReadonlySet<number> } {
  if (!account.intake.hasRoomFor(delivery.assets.length)) {
    const answer = failure(400, "The sandbox is full; start it with another store, or with none");
    return { answer, places: new Set(delivery.assets.keys()) };
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
  const message = "The assets were submitted; they appear in the inventory once they are processed";
  return { answer: accepted(message, members, status), places };
}

function accepted(
  message: string,
  members: Readonly<Record<string, unknown>> = { assetsError: {} },
  status = 200,
): Answer {
  return ok({ message, responseCode: "SUCCESSFULLY_PUBLISHED", ...members }, status);
}

function keysOf({ assets }: Delivery): string[] {
  return assets.map(({ asset }) => asset.identityAttributes.sourceNativeKey);
}
