import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { Secret } from "@sluice/service";
import { z } from "zod";
import {
  behaviourChangesSchema,
  changeBehaviour,
  defaultBehaviour,
  type Behaviour,
  type BehaviourChanges,
} from "./behaviour.ts";
import { checkValue } from "./checked.ts";
import type { SandboxCall } from "./call-ledger.ts";
import type { Connector } from "./connectors/connector.ts";
import type { FaultPlan } from "./faults/fault.ts";
import type { Limits } from "./limiter.ts";

/** What happens in a sandbox, for whoever wants to print or log it. */
export type SandboxEvent =
  | { event: "sandbox-started"; url: string }
  | { event: "login-answered"; status: number }
  | { event: "import-ended"; call: SandboxCall }
  | { event: "request-failed"; error: Error };

/**
 * What is done with an import: all of it (`full`), only the checks (`checking`), or nothing but counting the assets, in
 * bodies that are not parsed (`counting`, for benchmarks of clients).
 */
export type SandboxMode = "full" | "checking" | "counting";

/** How a sandbox is to behave; what can be changed later, too, is in `Behaviour`. Everything has a default. */
export interface SandboxOptions extends BehaviourChanges {
  /** The address to listen on; by default `127.0.0.1`. */
  host?: string;
  /** By default 0: any free port. */
  port?: number;
  /** By default `sandbox`. */
  username?: string;
  /** By default a fresh random one. */
  password?: Secret | string;
  /** Of the one OAuth client, for `/auth/oauth` and `/auth/oidc`; by default `sandbox-client`. */
  clientId?: string;
  /** By default a fresh random one. */
  clientSecret?: Secret | string;
  /** The file that it keeps everything in; by default `null`: in memory. */
  store?: string | null;
  /** By default `full`. */
  mode?: SandboxMode;
  /** Whether each asset of each call is kept, for audits; by default not. */
  receipts?: boolean;
  /** What goes wrong from the beginning; by default nothing. */
  faults?: FaultPlan;
  /** The first is the one that `connectorUuid` names; by default one named `sandbox`, enabled, with a fresh random UUID. */
  connectors?: readonly Connector[];
  /** Calls in the window, for each endpoint; by default 300, as in the platform's documented example. */
  limit?: number;
  /** By default 3,600,000. */
  windowMs?: number;
  /** By default 2. */
  concurrency?: number;
  /** The largest import body; by default 10,000,000. A larger one is answered with 413. */
  bodyBytesMax?: number;
  /** The time in epoch ms, never going backwards; by default the process's monotonic clock. */
  nowMs?: () => number;
  /** Told of each event; by default nobody is. Must not throw. */
  report?: (event: SandboxEvent) => void;
}

/** The options with every default in its place. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: Secret;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly store: string | null;
  readonly mode: SandboxMode;
  readonly receipts: boolean;
  readonly faults: FaultPlan;
  readonly connectors: readonly Connector[];
  readonly limits: Limits;
  readonly behaviour: Behaviour;
  readonly bodyBytesMax: number;
  readonly nowMs: () => number;
  readonly report: (event: SandboxEvent) => void;
}

/** A change of the limits while the sandbox runs; what is not named stays. */
export const limitChangesSchema = z.strictObject({
  limit: z.int().min(1).optional(),
  windowMs: z.number().min(1).max(86_400_000).optional(),
  concurrency: z.int().min(1).optional(),
});

export type LimitChanges = z.input<typeof limitChangesSchema>;

/** Fills in the defaults. Throws a `RangeError` for options that make no sense. */
export function toSettings(options: SandboxOptions): Settings {
  return {
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    username: options.username ?? "sandbox",
    password: toSecret(options.password),
    clientId: options.clientId ?? "sandbox-client",
    clientSecret: toSecret(options.clientSecret),
    store: options.store ?? null,
    mode: options.mode ?? "full",
    receipts: options.receipts ?? false,
    faults: options.faults ?? { seed: 1, faults: [] },
    connectors: options.connectors ?? [],
    limits: changeLimits(
      { limit: 300, windowMs: 3_600_000, concurrency: 2 },
      {
        limit: options.limit,
        windowMs: options.windowMs,
        concurrency: options.concurrency,
      },
    ),
    behaviour: toBehaviour(options),
    bodyBytesMax: options.bodyBytesMax ?? 10_000_000,
    nowMs: options.nowMs ?? (() => performance.timeOrigin + performance.now()),
    report: options.report ?? (() => {}),
  };
}

function toBehaviour(options: SandboxOptions): Behaviour {
  const named = Object.entries(options).filter(([name]) => name in defaultBehaviour);
  const checked = checkValue(behaviourChangesSchema, Object.fromEntries(named));
  if (checked.kind === "refused") {
    throw new RangeError(`Cannot start the sandbox: ${checked.message}`);
  }
  return changeBehaviour(defaultBehaviour, checked.value);
}

function toSecret(given: Secret | string = randomUUID()): Secret {
  return typeof given === "string" ? new Secret(given) : given;
}

/** The limits after `changes`. Throws a `RangeError` that names what makes no sense. */
export function changeLimits(limits: Limits, changes: LimitChanges): Limits {
  const checked = checkValue(limitChangesSchema, changes);
  if (checked.kind === "refused") throw new RangeError(`Cannot set the limits: ${checked.message}`);
  return {
    limit: changes.limit ?? limits.limit,
    windowMs: changes.windowMs ?? limits.windowMs,
    concurrency: changes.concurrency ?? limits.concurrency,
  };
}
