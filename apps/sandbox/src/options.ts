import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { Secret } from "@sluice/service";
import { z } from "zod";
import { checkValue } from "./checked.ts";
import type { SandboxCall } from "./call-ledger.ts";
import type { Connector } from "./import-request.ts";
import type { Limits } from "./limiter.ts";
import type { RateHeaderStyle } from "./rate-headers.ts";

/** What happens in a sandbox, for whoever wants to print or log it. */
export type SandboxEvent =
  | { event: "sandbox-started"; url: string }
  | { event: "login-answered"; status: number }
  | { event: "import-ended"; call: SandboxCall }
  | { event: "request-failed"; error: Error };

/** How a sandbox is to behave. Everything has a default. */
export interface SandboxOptions {
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
  /** Whether the API takes a client's token, or answers `Invalid Subscription Id`; by default true. */
  servesClients?: boolean;
  /** By default one, named `sandbox`, enabled, with a fresh random UUID. */
  connectors?: readonly Connector[];
  /** Calls in the window, for each endpoint; by default 300, as in the platform's documented example. */
  limit?: number;
  /** By default 3,600,000. */
  windowMs?: number;
  /** By default 2. */
  concurrency?: number;
  /** By default `X-Concurrency-Limit`. */
  headerSpelling?: RateHeaderStyle["headerSpelling"];
  /** By default `all`. */
  headers?: RateHeaderStyle["headers"];
  /** By default true. */
  remainingCountsCall?: boolean;
  /** Status of a call that a limit refuses; by default 429. */
  limitedStatus?: 429 | 409;
  /** How long an import takes; by default 0. */
  latencyMs?: number;
  /** The largest import body; by default 10,000,000. A larger one is answered with 413. */
  bodyBytesMax?: number;
  /** By default 4 hours, as documented. */
  tokenLifetimeMs?: number;
  /** The time in epoch ms, never going backwards; by default the process's monotonic clock. */
  nowMs?: () => number;
  /** Told of each event; by default nobody is. Must not throw. */
  report?: (event: SandboxEvent) => void;
}

/** The options with every default in its place. */
export interface Settings extends RateHeaderStyle {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: Secret;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly servesClients: boolean;
  readonly connectors: readonly [Connector, ...Connector[]];
  readonly limits: Limits;
  readonly limitedStatus: 429 | 409;
  readonly latencyMs: number;
  readonly bodyBytesMax: number;
  readonly tokenLifetimeMs: number;
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
  const [connector = { uuid: randomUUID(), name: "sandbox", enabled: true }, ...others] =
    options.connectors ?? [];
  return {
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    username: options.username ?? "sandbox",
    password: toSecret(options.password),
    clientId: options.clientId ?? "sandbox-client",
    clientSecret: toSecret(options.clientSecret),
    servesClients: options.servesClients ?? true,
    connectors: [connector, ...others],
    limits: changeLimits(
      { limit: 300, windowMs: 3_600_000, concurrency: 2 },
      {
        limit: options.limit,
        windowMs: options.windowMs,
        concurrency: options.concurrency,
      },
    ),
    headerSpelling: options.headerSpelling ?? "X-Concurrency-Limit",
    headers: options.headers ?? "all",
    remainingCountsCall: options.remainingCountsCall ?? true,
    limitedStatus: options.limitedStatus ?? 429,
    latencyMs: options.latencyMs ?? 0,
    bodyBytesMax: options.bodyBytesMax ?? 10_000_000,
    tokenLifetimeMs: options.tokenLifetimeMs ?? 14_400_000,
    nowMs: options.nowMs ?? (() => performance.timeOrigin + performance.now()),
    report: options.report ?? (() => {}),
  };
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
