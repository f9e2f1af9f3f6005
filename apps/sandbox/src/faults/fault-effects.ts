import { createHash } from "node:crypto";
import type { Answer } from "../answer.ts";
import type { Delivery } from "../inventory/inventory.ts";
import type { RefusedAsset } from "./asset-errors.ts";
import { matchesKey, type Fault } from "./fault.ts";

/** What a fault that keeps a call from being processed answers where it does not say. */
export const failedAnswer: Answer = {
  kind: "answer",
  status: 200,
  body: { responseCode: "FAILED", message: "A scripted fault" },
};

/** Whether the import takes place although the call takes this fault. */
export function isProcessed(fault: Fault): boolean {
  if (fault.kind === "slow" || fault.kind === "refuse-assets") return true;
  if (fault.kind === "hang") return false;
  return fault.processed ?? fault.kind === "truncate";
}

/** What the client gets in the place of `answer`. */
export function scripted(fault: Fault, answer: Answer): Answer {
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
export function refusedAssets(
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
