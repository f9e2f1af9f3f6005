import { z } from "zod";
import { assetErrorShapes } from "../../page/asset-error-shapes.ts";
import type { AssetErrorShape } from "../behaviour.ts";
import { checkValue } from "../checked.ts";

/** The keys a fault is about: these, or those for which the function says so. */
export type KeyMatch = readonly string[] | ((sourceNativeKey: string) => boolean);

/** What is done to an import call, instead of or beside its processing. */
export type FaultEffect =
  /** This answer; a text is sent as it is. With `processed`, the import takes place all the same. */
  | {
      kind: "answer";
      status: number;
      headers?: Readonly<Record<string, string>> | undefined;
      body?: unknown;
      processed?: boolean | undefined;
    }
  /** A login page, by default with 200. */
  | { kind: "html"; status?: number | undefined; processed?: boolean | undefined }
  /** The answer breaks off after `bytes` (by default 20); by default the import takes place. */
  | { kind: "truncate"; bytes?: number | undefined; processed?: boolean | undefined }
  /** No answer and no import; ends when the client goes away or, after `forMs` (by default 10 minutes), by a cut. */
  | { kind: "hang"; forMs?: number | undefined }
  /** The connection is cut without an answer, before the import or after it. */
  | { kind: "cut"; processed: boolean }
  /** The import and its answer come later. */
  | { kind: "slow"; delayMs: number }
  /** These assets, or this share of them, are named in `assetsError`; the others are imported. */
  | {
      kind: "refuse-assets";
      keys?: KeyMatch | undefined;
      share?: number | undefined;
      message?: string | undefined;
      shape?: AssetErrorShape | undefined;
    };

/** Which calls a fault is for: those of which all of this is true. */
interface FaultAim {
  /** Only the nth call since the script was set. */
  call?: number | undefined;
  /** Only this share of the calls, by chance that the script's seed decides. */
  rate?: number | undefined;
  /** Only from this time since the script was set. */
  fromMs?: number | undefined;
  /** Only until this time since the script was set. */
  untilMs?: number | undefined;
  /** Only calls with a longer body. */
  aboveBytes?: number | undefined;
  /** Only calls with more assets. */
  aboveAssets?: number | undefined;
  /** Only calls that carry one of these keys. */
  keys?: KeyMatch | undefined;
  /** How many calls it is for; by default 1, or always where it has a rate, a time or a size. */
  times?: number | "always" | undefined;
}

/** An effect and the calls it is for. */
export type Fault = FaultEffect & FaultAim;

/** Faults, and what decides their chances. */
export interface FaultPlan {
  readonly seed: number;
  readonly faults: readonly Fault[];
}

const timeMs = z.int().min(0).max(86_400_000);
const share = z.number().min(0).max(1);
const status = z.int().min(200).max(599);
const processed = z.boolean().optional();

const aim = {
  call: z.int().min(1).optional(),
  rate: share.optional(),
  fromMs: timeMs.optional(),
  untilMs: timeMs.optional(),
  aboveBytes: z.int().min(0).optional(),
  aboveAssets: z.int().min(0).optional(),
  keys: z.array(z.string()).max(10_000).optional(),
  times: z.union([z.int().min(1), z.literal("always")]).optional(),
};

const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("answer"),
    status,
    headers: z.record(z.string(), z.string()).optional(),
    body: z.unknown().optional(),
    processed,
    ...aim,
  }),
  z.strictObject({ kind: z.literal("html"), status: status.optional(), processed, ...aim }),
  z.strictObject({
    kind: z.literal("truncate"),
    bytes: z.int().min(0).max(100_000).optional(),
    processed,
    ...aim,
  }),
  z.strictObject({
    kind: z.literal("hang"),
    forMs: z.int().min(0).max(3_600_000).optional(),
    ...aim,
  }),
  z.strictObject({ kind: z.literal("cut"), processed: z.boolean(), ...aim }),
  z.strictObject({ kind: z.literal("slow"), delayMs: z.int().min(0).max(600_000), ...aim }),
  z.strictObject({
    kind: z.literal("refuse-assets"),
    share: share.optional(),
    message: z.string().optional(),
    shape: z.enum(assetErrorShapes).optional(),
    ...aim,
  }),
]);

/** A fault script as JSON: a list of faults with their keys as lists, or `{"seed": 7, "faults": [...]}`. */
export const faultPlanSchema = z.preprocess(
  (given) => (Array.isArray(given) ? { faults: given } : given),
  z.strictObject({ seed: z.int().min(0).default(1), faults: z.array(faultSchema).max(1000) }),
);

/** Reads a fault script. Throws with what is wrong. */
export function parseFaultPlan(text: string): FaultPlan {
  const checked = checkValue(faultPlanSchema, JSON.parse(text));
  if (checked.kind === "refused") throw new RangeError(checked.message);
  return checked.value;
}

/** Whether `key` is one of `match`. */
export function matchesKey(match: KeyMatch, key: string): boolean {
  return typeof match === "function" ? match(key) : match.includes(key);
}
