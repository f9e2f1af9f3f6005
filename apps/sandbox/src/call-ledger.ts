import type { Admission } from "./limiter.ts";

/** One call of an endpoint, as the server saw it. Fields are `null` until they are known. */
export interface SandboxCall {
  /** Counts from 1 in the order of arrival. */
  readonly number: number;
  /** Arrival of the request's head, in epoch ms that never go backwards. */
  readonly atMs: number;
  /** When the answer was handed out, or the connection ended without one. */
  readonly endedAtMs: number | null;
  /** Let in, refused by a limit, or refused for its token. */
  readonly admission: Admission | "unauthorized";
  /** `null` also for a call that was never answered. */
  readonly status: number | null;
  /** Whoever called, as its `User-Agent` says: tells the clients of one subscription apart. */
  readonly userAgent: string | null;
  /** Length of the request's body. */
  readonly bytes: number;
  readonly requestId: string | null;
  readonly assetCount: number | null;
  /** The source native keys in the order of the body; dropped from the oldest calls when they become too many. */
  readonly keys: readonly string[] | null;
  /** How many calls the window held when it had arrived, itself included if it was let in. */
  readonly inWindow: number;
  /** How many the window could hold. */
  readonly limit: number;
  /** Why it was refused. */
  readonly message: string | null;
  /** The kind of the fault that it took. */
  readonly fault: string | null;
}

type MutableCall = { -readonly [K in keyof SandboxCall]: SandboxCall[K] };

/** What an import call says of itself. */
export interface CallSubject {
  readonly requestId: string | null;
  readonly keys: readonly string[];
}

/** How full the window was when a call had arrived. */
export type WindowFill = Pick<SandboxCall, "inWindow" | "limit">;

const messageCharsMax = 300;
const callsMaxDefault = 100_000;
const keysMaxDefault = 1_000_000;

/**
 * The audit of one endpoint: its calls in order of arrival. Bounded: the oldest tenth goes when
 * `callsMax` is reached, and the keys of the oldest calls when more than `keysMax` are kept.
 */
export class CallLedger {
  readonly #callsMax: number;
  readonly #keysMax: number;
  readonly #calls: MutableCall[] = [];
  readonly #callsWithKeys: MutableCall[] = [];
  #keysKept = 0;
  #opened = 0;
  #closed = 0;

  constructor(callsMax = callsMaxDefault, keysMax = keysMaxDefault) {
    this.#callsMax = callsMax;
    this.#keysMax = keysMax;
  }

  /** The calls still kept, oldest first: a live view. */
  get calls(): readonly SandboxCall[] {
    return this.#calls;
  }

  /** Differs whenever a call has come or ended. */
  get changes(): number {
    return this.#opened + this.#closed;
  }

  /** The calls before the one of this number, the newest first. */
  before(number: number, limit: number): SandboxCall[] {
    const first = this.#calls[0]?.number ?? 0;
    const end = Math.max(0, Math.min(this.#calls.length, number - first));
    return this.#calls.slice(Math.max(0, end - limit), end).toReversed();
  }

  /** Enters a call at its arrival. */
  open(
    atMs: number,
    admission: SandboxCall["admission"],
    { inWindow, limit }: WindowFill,
    userAgent: string | null = null,
  ): SandboxCall {
    if (this.#calls.length >= this.#callsMax) {
      this.#calls.splice(0, Math.ceil(this.#callsMax / 10));
    }
    this.#opened += 1;
    const call: MutableCall = {
      number: this.#opened,
      atMs,
      endedAtMs: null,
      admission,
      status: null,
      userAgent,
      bytes: 0,
      requestId: null,
      assetCount: null,
      keys: null,
      inWindow,
      limit,
      message: null,
      fault: null,
    };
    this.#calls.push(call);
    return call;
  }

  /** Notes the length of a call's body. */
  measure(call: SandboxCall, bytes: number): void {
    (call as MutableCall).bytes = bytes;
  }

  /** Notes what a call is about. */
  describe(call: SandboxCall, subject: CallSubject): void {
    const described = Object.assign(call as MutableCall, {
      ...subject,
      assetCount: subject.keys.length,
    });
    this.#callsWithKeys.push(described);
    this.#keysKept += subject.keys.length;
    this.#forgetKeys();
  }

  /** Notes how many assets a call brought where its keys are not known. */
  count(call: SandboxCall, assetCount: number): void {
    (call as MutableCall).assetCount = assetCount;
  }

  /** Notes the fault that a call took. */
  blame(call: SandboxCall, fault: string): void {
    (call as MutableCall).fault = fault;
  }

  /** Notes why a call was refused. */
  explain(call: SandboxCall, message: string): void {
    (call as MutableCall).message = message.slice(0, messageCharsMax);
  }

  /** Ends a call; `false` if it had ended before, and then nothing changes. */
  close(call: SandboxCall, endedAtMs: number, status: number | null): boolean {
    if (call.endedAtMs !== null) return false;
    this.#closed += 1;
    Object.assign(call as MutableCall, { endedAtMs, status });
    return true;
  }

  /**
   * The most calls that arrived in any one window of `windowMs`. Calls refused by a limit are included,
   * those without a valid token are not: the figure is above the limit exactly when a client asked for too much.
   */
  worstWindow(windowMs: number): number {
    const arrivalsMs = this.#calls
      .filter((call) => call.admission !== "unauthorized")
      .map((call) => call.atMs);
    let worst = 0;
    let oldest = 0;
    for (const [newest, atMs] of arrivalsMs.entries()) {
      while (atMs - (arrivalsMs[oldest] ?? atMs) >= windowMs) oldest += 1;
      worst = Math.max(worst, newest - oldest + 1);
    }
    return worst;
  }

  #forgetKeys(): void {
    while (this.#keysKept > this.#keysMax) {
      const oldest = this.#callsWithKeys.shift();
      if (oldest === undefined) return;
      this.#keysKept -= oldest.keys?.length ?? 0;
      oldest.keys = null;
    }
  }
}
