import { z } from "zod";

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
  /** No answer and no import; ends when the client goes away or the sandbox closes. */
  | { kind: "hang" }
  /** The connection is cut without an answer, before the import or after it. */
  | { kind: "cut"; processed: boolean }
  /** The import and its answer come later. */
  | { kind: "slow"; delayMs: number }
  /** The assets with these keys are named in `assetsError`; the others are imported. */
  | { kind: "refuse-assets"; keys: KeyMatch; message?: string | undefined };

/** An effect and the calls it is for. */
export type Fault = FaultEffect & {
  /** How many calls it is for; by default 1. */
  times?: number | "always" | undefined;
  /** Only calls that carry one of these keys; by default any call. */
  keys?: KeyMatch | undefined;
};

const aim = {
  times: z.union([z.int().min(1), z.literal("always")]).optional(),
  keys: z.array(z.string()).optional(),
};

/** A fault script as JSON: as `Fault`, with keys as a list. */
export const faultScriptSchema = z
  .array(
    z.discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("answer"),
        status: z.int().min(200).max(599),
        headers: z.record(z.string(), z.string()).optional(),
        body: z.unknown().optional(),
        processed: z.boolean().optional(),
        ...aim,
      }),
      z.strictObject({ kind: z.literal("hang"), ...aim }),
      z.strictObject({ kind: z.literal("cut"), processed: z.boolean(), ...aim }),
      z.strictObject({ kind: z.literal("slow"), delayMs: z.int().min(0).max(600_000), ...aim }),
      z.strictObject({
        kind: z.literal("refuse-assets"),
        message: z.string().optional(),
        ...aim,
        keys: z.array(z.string()),
      }),
    ]),
  )
  .max(1000);

/**
 * The faults still to come. Each import call that the limits let in takes the first fault of the script
 * that fits it, and at most that one; a fault that was taken as often as it may be leaves the script.
 */
export class FaultScript {
  #script: { fault: Fault; timesLeft: number }[] = [];

  /** Replaces the script; an empty one ends all faults. */
  replace(script: readonly Fault[]): void {
    this.#script = script.map((fault) => ({
      fault,
      timesLeft: fault.times === "always" ? Infinity : (fault.times ?? 1),
    }));
  }

  /** The fault for a call that carries `keys`, if there is one. */
  take(keys: readonly string[]): Fault | undefined {
    const entry = this.#script.find(({ fault }) => fits(fault, keys));
    if (entry === undefined) return undefined;
    entry.timesLeft -= 1;
    if (entry.timesLeft <= 0) this.#script = this.#script.filter((other) => other !== entry);
    return entry.fault;
  }
}

/** Whether `key` is one of `match`. */
export function matchesKey(match: KeyMatch, key: string): boolean {
  return typeof match === "function" ? match(key) : match.includes(key);
}

function fits({ keys: match }: Fault, keys: readonly string[]): boolean {
  return match === undefined || keys.some((key) => matchesKey(match, key));
}
