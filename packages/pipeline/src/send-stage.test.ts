import {
  emptyReading,
  type Doubt,
  type Evidence,
  type NewHold,
  type Reading,
} from "@sluice/governor";
import type { RawRecord, RejectedAsset, Verdict } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import type { PipelineEvent } from "./events.ts";
import type { OutboundBatch, Probe, SendStageOptions, SettledCall } from "./outbound.ts";
import { createSendStage } from "./send-stage.ts";

const NUMBER = 7;
const CALL = 31;
const GO = { kind: "go", call: CALL, ended: [] } as const;

function body(key: string): string {
  return JSON.stringify({
    identityAttributes: { sourceNativeKey: key, hostName: `${key}.example` },
  });
}

function batchOf(...keys: readonly string[]): OutboundBatch {
  return {
    number: NUMBER,
    connector: "connector",
    lane: "backfill",
    requestId: "request",
    bodies: keys.map((key) => Buffer.from(body(key))),
    isCanary: false,
    isSuspect: false,
    failures: null,
    doubt: null,
  };
}

interface Scene {
  batch?: OutboundBatch | null;
  verdict?: Verdict;
  reading?: Partial<Reading>;
  body?: string;
  /** What follows from the call. */
  settled?: Partial<SettledCall>;
  /** What others have met with, and what can be done to find out. */
  evidence?: Partial<Evidence>;
  probe?: Probe;
  /** Assets of the connector that were decided of late. */
  ofLate?: { decided: number; refused: number };
  changes?: Partial<SendStageOptions>;
}

type Split = [number, string[][]];
type Acknowledged = [number, number, readonly RejectedAsset[]];

/** A send stage among collaborators that keep what they were asked for. */
function start(scene: Scene = {}) {
  const { batch = batchOf("a", "b", "c"), verdict = { kind: "accepted" } } = scene;
  const steps: string[] = [];
  const events: PipelineEvent[] = [];
  const made: Parameters<SendStageOptions["settleCall"]>[0][] = [];
  const requests: Parameters<SendStageOptions["importAssets"]>[0][] = [];
  const acknowledged: Acknowledged[] = [];
  const splits: Split[] = [];
  const holds: NewHold[] = [];
  const send = createSendStage({
    load: async () => {
      steps.push("load");
      return batch;
    },
    reserve: async () => {
      steps.push("reserve");
      return GO;
    },
    release: async (call) => {
      steps.push(`release ${call}`);
    },
    importAssets: async (request) => {
      steps.push("import");
      requests.push(request);
      const reading = { ...emptyReading, ...scene.reading };
      return { verdict, reading, status: 200, elapsedMs: 12, body: scene.body ?? "" };
    },
    settleCall: async (call) => {
      steps.push("settle");
      made.push(call);
      const none = { hold: null, isNewHold: false, callsToGo: 0, doneAtMs: null, doubt: null };
      return { ...none, isTrusted: true, ...scene.settled };
    },
    rawOf: async (_, indexes) => {
      steps.push("raw");
      return indexes.map(rawRecord);
    },
    acknowledge: async ({ number, bodies }, call, rejected) => {
      steps.push("acknowledge");
      acknowledged.push([number, call, rejected]);
      const ofLate = { decided: 0, refused: 0, ...scene.ofLate };
      return { delivered: bodies.length - rejected.length, dead: rejected.length, ofLate };
    },
    split: async ({ number }, parts, isGuilty) => {
      steps.push(isGuilty ? "split suspects" : "split");
      splits.push([number, parts.map((bodies) => bodies.map(String))]);
      return parts.map((_, index) => 100 + index);
    },
    quarantine: async (number) => {
      steps.push(`quarantine ${number}`);
    },
    evidence: async () => ({ acceptedCall: 0, failedCall: 0, vouchedCall: 0, ...scene.evidence }),
    probe: async () => {
      steps.push("probe");
      return scene.probe ?? { kind: "sent", canary: 50 };
    },
    hold: async (hold) => {
      steps.push("hold");
      holds.push(hold);
    },
    sourceOf: (connector) => `source of ${connector}`,
    permitMsMax: 4_000,
    monotonicMs: () => 0,
    nowMs: () => 1_000_000,
    chance: () => 0.5,
    report: (event) => void events.push(event),
    ...scene.changes,
  });
  return { send, steps, events, made, requests, acknowledged, splits, holds };
}

/** What was reported under this name. */
function eventsOf(events: readonly PipelineEvent[], name: PipelineEvent["event"]) {
  return events.filter(({ event }) => event === name);
}

function rawRecord(index: number): RawRecord {
  return { source: "hosts.ndjson", line: index + 1, raw: `{"id":${index}}` };
}

function rejected(index: number, key: string, reason: string, message: string): RejectedAsset {
  const letter = { key, reason, message, path: "", ...rawRecord(index), asset: body(key) };
  return { index, letter };
}

const CALLED = ["load", "reserve", "import", "settle"];

describe("a batch", () => {
  it("is one call, with the batch's request id and its assets as they are", async () => {
    const { send, requests } = start({ batch: batchOf("a", "b") });
    await send(NUMBER);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.requestId).toBe("request");
    expect(requests[0]?.payload.toString()).toBe(
      '{"connectorMetaData":{"requestId":"request","assetCount":2,"source":"source of connector",' +
        `"connectorUuid":"connector"},"assetData":[${body("a")},${body("b")}]}`,
    );
    expect(requests[0]?.assets()).toEqual([
      { sourceNativeKey: "a", names: ["a.example"] },
      { sourceNativeKey: "b", names: ["b.example"] },
    ]);
  });

  it("that is settled already is done, without a call", async () => {
    const { send, steps, events } = start({ batch: null });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    expect([steps, events]).toEqual([["load"], []]);
  });

  it.for([
    ["account", { kind: "later", delayMs: 700 }],
    ["connector", { kind: "aside", delayMs: 700 }],
    ["lane", { kind: "aside", delayMs: 700 }],
  ] as const)("goes back to the queue while its %s waits", async ([scope, disposition]) => {
    const permit = { kind: "wait", scope, delayMs: 700, reason: "rate-limit" } as const;
    const { send, steps, events } = start({ changes: { reserve: async () => permit } });
    expect(await send(NUMBER)).toEqual(disposition);
    expect([steps, events]).toEqual([["load"], []]);
  });

  it("is not sent by a permit that is too old, for a standby may have delivered it", async () => {
    const atMs = [1_000, 5_001];
    const { send, steps } = start({ changes: { monotonicMs: () => atMs.shift() ?? 0 } });
    await expect(send(NUMBER)).rejects.toThrow(
      "Cannot send batch 7: its permit is too old; it will be tried again",
    );
    expect(steps).toEqual(["load", "reserve", "release 31"]);
  });

  it("is not sent either when the process stood still while it was loaded", async () => {
    let nowMs = 0;
    const load = async () => {
      nowMs += 4_001;
      return batchOf("a");
    };
    const { send, steps } = start({ changes: { monotonicMs: () => nowMs, load } });
    await expect(send(NUMBER)).rejects.toThrow("its permit is too old");
    expect(steps).toEqual(["reserve", "release 31"]);
  });

  it("is sent by a permit of just the age that is allowed", async () => {
    const atMs = [1_000, 5_000];
    const { send } = start({ changes: { monotonicMs: () => atMs.shift() ?? 0 } });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
  });

  it("fails where its call can't be settled, and is not acknowledged", async () => {
    const settleCall = () => Promise.reject(new Error("no Redis"));
    const { send, acknowledged, events } = start({ changes: { settleCall } });
    await expect(send(NUMBER)).rejects.toThrow("no Redis");
    expect([acknowledged, events]).toEqual([[], []]);
  });
});

describe("an answer", () => {
  it("that is accepted acknowledges the batch", async () => {
    const { send, steps, acknowledged, events } = start();
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    expect(steps).toEqual([...CALLED, "acknowledge"]);
    expect(acknowledged).toEqual([[NUMBER, CALL, []]]);
    expect(events.map(({ event }) => event)).toEqual(["batch.sent", "batch.accepted"]);
    expect(events[1]).toEqual({ event: "batch.accepted", batch: NUMBER, delivered: 3, dead: 0 });
  });

  it("with asset errors acknowledges the rest, and the named assets are dead letters", async () => {
    const errors = [
      { index: 0, message: "no such field" },
      { index: 2, message: "bad address" },
    ];
    const { send, acknowledged, events } = start({
      verdict: { kind: "accepted-in-part", rejected: errors, unplaced: [] },
    });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    const letters = [
      rejected(0, "a", "refused", "no such field"),
      rejected(2, "c", "refused", "bad address"),
    ];
    expect(acknowledged).toEqual([[NUMBER, CALL, letters]]);
    expect(events.slice(1)).toEqual([
      { event: "batch.accepted", batch: NUMBER, delivered: 1, dead: 2 },
      { event: "assets.refused", batch: NUMBER, assets: 2, message: "no such field" },
    ]);
  });

  it("with an error that nobody can place is sent again in halves", async () => {
    const rejected = [{ index: 0, message: "no such field" }];
    const { send, steps, splits, events } = start({
      verdict: { kind: "accepted-in-part", rejected, unplaced: ["one failed", "or two"] },
      body: '{"errors":2}',
    });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    expect(steps).toEqual([...CALLED, "split suspects"]);
    expect(splits).toEqual([[NUMBER, [[body("a"), body("b")], [body("c")]]]]);
    const why = 'one failed; or two (the answer: {"errors":2})';
    expect(events.slice(1)).toEqual([
      { event: "batch.split", batch: NUMBER, into: [100, 101], why },
    ]);
  });

  it("about a single asset, with an error that nobody can place, is its dead letter", async () => {
    const { send, acknowledged } = start({
      batch: batchOf("a"),
      verdict: { kind: "accepted-in-part", rejected: [], unplaced: ["one failed"] },
      body: '{"errors":1}',
    });
    await send(NUMBER);
    const message = 'one failed (the answer: {"errors":1})';
    expect(acknowledged).toEqual([[NUMBER, CALL, [rejected(0, "a", "refused", message)]]]);
  });

  it("that names an asset which the batch does not have stops the sending of it", async () => {
    const rejected = [{ index: 3, message: "bad" }];
    const { send, acknowledged } = start({
      verdict: { kind: "accepted-in-part", rejected, unplaced: [] },
    });
    await expect(send(NUMBER)).rejects.toThrow("Cannot reject asset 3 of batch 7");
    expect(acknowledged).toEqual([]);
  });

  it.for(["refused", "too-large"] as const)("%s sends the batch again in halves", async (kind) => {
    const { send, steps, splits, events } = start({ verdict: { kind, message: "no" } });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    expect(steps).toEqual([...CALLED, kind === "refused" ? "split suspects" : "split"]);
    expect(splits).toEqual([[NUMBER, [[body("a"), body("b")], [body("c")]]]]);
    expect(eventsOf(events, "batch.split")).toEqual([
      { event: "batch.split", batch: NUMBER, into: [100, 101], why: "no" },
    ]);
  });

  it.for(["refused", "too-large"] as const)(
    "%s about a single asset is its dead letter",
    async (kind) => {
      const { send, acknowledged, splits, events } = start({
        batch: batchOf("a"),
        verdict: { kind, message: "no" },
      });
      expect(await send(NUMBER)).toEqual({ kind: "done" });
      expect(splits).toEqual([]);
      expect(acknowledged).toEqual([[NUMBER, CALL, [rejected(0, "a", kind, "no")]]]);
      expect(eventsOf(events, "assets.refused")).toEqual([
        { event: "assets.refused", batch: NUMBER, assets: 1, message: "no" },
      ]);
    },
  );

  it("about a batch that was settled meanwhile splits nothing, and tells of no split", async () => {
    const { send, events } = start({
      verdict: { kind: "refused", message: "no" },
      changes: { split: async () => [] },
    });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    expect(events.map(({ event }) => event)).toEqual(["batch.sent"]);
  });

  it.for<Verdict>([
    { kind: "limited", cause: "rate", message: "no" },
    { kind: "unavailable", message: "no" },
    { kind: "unknown", message: "no" },
    { kind: "forbidden", message: "no", mayBeBatch: true },
    { kind: "wrong-address", message: "no" },
  ])("$kind sends the batch back as it is, for later", async (verdict) => {
    const { send, steps, events } = start({ verdict });
    expect(await send(NUMBER)).toEqual({ kind: "later", delayMs: 0 });
    expect(steps).toEqual(CALLED);
    expect(events.map(({ event }) => event)).toEqual(["batch.sent"]);
  });

  it("is told in short in events, and whole in the letter", async () => {
    const message = "x".repeat(5_000);
    const verdict = { kind: "refused", message } as const;
    const single = start({ batch: batchOf("a"), verdict });
    await single.send(NUMBER);
    expect(single.acknowledged[0]?.[2][0]?.letter.message).toBe(message);
    expect(single.events.at(-1)).toMatchObject({ message: "x".repeat(1_000) });
    const several = start({ verdict });
    await several.send(NUMBER);
    expect(several.events.at(-1)).toMatchObject({ why: "x".repeat(1_000) });
  });
});

describe("a call", () => {
  it("is settled with what its answer said, and told as an event", async () => {
    const reading = { limit: 300, remaining: 12 };
    const verdict = { kind: "refused", message: "no" } as const;
    const { send, made, events } = start({ verdict, reading });
    await send(NUMBER);
    expect(made).toEqual([
      {
        call: CALL,
        batch: NUMBER,
        connector: "connector",
        outcome: "refused",
        cause: "rate",
        status: 200,
        message: "no",
        mayBeBatch: false,
        isCanary: false,
        isSuspect: false,
        failures: null,
        assets: 3,
        elapsedMs: 12,
        reading: { ...emptyReading, ...reading },
        chance: 0.5,
        bytesMax: null,
        entry: {
          atMs: expect.any(Number),
          requestId: "request",
          status: 200,
          assets: 3,
          elapsedMs: 12,
          verdict: "refused",
          message: "no",
        },
      },
    ]);
    expect(events[0]).toEqual({
      event: "batch.sent",
      batch: NUMBER,
      call: CALL,
      requestId: "request",
      assets: 3,
      status: 200,
      verdict: "refused",
      elapsedMs: 12,
      remaining: 12,
    });
  });

  it("that was one too many tells what there were too many of", async () => {
    const verdict = { kind: "limited", cause: "concurrency", message: "no" } as const;
    const { send, made } = start({ verdict });
    await send(NUMBER);
    expect(made).toMatchObject([{ outcome: "limited", cause: "concurrency", message: "no" }]);
  });

  it("that was too large teaches three quarters of its bytes, if it had several assets", async () => {
    const verdict = { kind: "too-large", message: "no" } as const;
    const several = start({ batch: batchOf("ä", "b"), verdict });
    await several.send(NUMBER);
    const bytes = Buffer.byteLength(`${body("ä")},${body("b")},`);
    expect(several.made).toMatchObject([{ bytesMax: Math.floor(bytes * 0.75) }]);
    const single = start({ batch: batchOf("a"), verdict });
    await single.send(NUMBER);
    expect(single.made).toMatchObject([{ bytesMax: null }]);
  });
});

describe("a hold that follows from a call", () => {
  const hold = { scope: "account", reason: "rate-limit", durationMs: 9_000, message: "m" } as const;
  const settled = { hold, isNewHold: true, callsToGo: 12, doneAtMs: 4_600_000 };
  const told = { event: "send.held", ...hold, callsToGo: 12, done: "1970-01-01T01:16:40.000Z" };

  it("is told with its end and the forecast, beside the verdict", async () => {
    const { send, acknowledged, events } = start({ settled });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    expect(acknowledged).toHaveLength(1);
    const until = "1970-01-01T00:16:49.000Z";
    expect(eventsOf(events, "send.held")).toEqual([{ ...told, until }]);
  });

  it("has no end that could be told when only an operator can end it", async () => {
    const endless = { ...hold, durationMs: null };
    const { send, events } = start({ settled: { ...settled, hold: endless, doneAtMs: null } });
    await send(NUMBER);
    const unknown = { durationMs: null, until: null, done: null };
    expect(eventsOf(events, "send.held")).toEqual([{ ...told, ...unknown }]);
  });

  it("and is there already is not told again", async () => {
    const { send, events } = start({ settled: { ...settled, isNewHold: false } });
    await send(NUMBER);
    expect(eventsOf(events, "send.held")).toEqual([]);
  });
});

describe("a refusal of a connector without a canary", () => {
  const settled = { isTrusted: false };
  const verdict: Verdict = { kind: "refused", message: "no such connector" };

  it("makes a single of one asset of each quarter, and leaves the assets in their order", async () => {
    const batch = batchOf(..."a b c d e f g h i j".split(" "));
    const { send, splits, acknowledged } = start({ batch, verdict, settled });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    const keys = splits[0]?.[1].map((part) => part.map((text) => keyOf(text)).join(""));
    expect(keys).toEqual(["a", "bc", "d", "ef", "g", "hi", "j"]);
    expect(acknowledged).toEqual([]);
  });

  it("buries nobody: a single steps aside for its fellows", async () => {
    const { send, acknowledged } = start({ batch: batchOf("a"), verdict, settled });
    expect(await send(NUMBER)).toEqual({ kind: "aside", delayMs: 1_000 });
    expect(acknowledged).toEqual([]);
  });
});

describe("holds that have ended", () => {
  it("are reported before the call is made", async () => {
    const times = { sinceMs: 100, untilMs: 300, endedMs: 350 };
    const hold = { scope: "account", reason: "rate-limit", cause: "time", message: "m" } as const;
    const ended = [{ ...hold, ...times }];
    const { send, events } = start({ changes: { reserve: async () => ({ ...GO, ended }) } });
    await send(NUMBER);
    expect(events[0]).toEqual({
      event: "send.resumed",
      scope: "account",
      reason: "rate-limit",
      cause: "time",
      heldMs: 250,
    });
  });
});

const DOUBT: Doubt = { reason: "refused", call: 20, message: "no", firstCall: 20 };

describe("a batch in doubt", () => {
  const doubtful = { ...batchOf("a", "b", "c"), doubt: DOUBT };

  it("that a call has just raised waits aside while a canary is asked, and is not halved", async () => {
    const { send, steps, events } = start({
      verdict: { kind: "refused", message: "no" },
      settled: { doubt: DOUBT },
    });
    expect(await send(NUMBER)).toEqual({ kind: "aside", delayMs: 1_000 });
    expect(steps).toEqual([...CALLED, "probe"]);
    expect(eventsOf(events, "batch.doubted")).toEqual([
      { event: "batch.doubted", batch: NUMBER, reason: "refused" },
    ]);
  });

  it("is halved into suspects without another call once a later call of others was accepted", async () => {
    const { send, steps } = start({ batch: doubtful, evidence: { acceptedCall: 21 } });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    expect(steps).toEqual(["load", "split suspects"]);
  });

  it("is sent again, with a clean record, once an operator has let everything go on", async () => {
    const failures = { what: "unavailable 500", inRow: 3, firstCall: 18 };
    const batch = { ...doubtful, failures };
    const { send, steps, made } = start({ batch, evidence: { vouchedCall: 20 } });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    expect(steps).toEqual([...CALLED, "acknowledge"]);
    expect(made).toMatchObject([{ failures: null }]);
  });

  it("waits as long as its hold while nothing can be sent", async () => {
    const { send, steps } = start({ batch: doubtful, probe: { kind: "held", delayMs: 7_000 } });
    expect(await send(NUMBER)).toEqual({ kind: "aside", delayMs: 7_000 });
    expect(steps).toEqual(["load", "probe"]);
  });

  it("is done when another sender has settled it meanwhile", async () => {
    const { send } = start({ batch: doubtful, probe: { kind: "gone" } });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
  });

  it("and refused sends assets ahead where there is no canary any more; a single goes itself", async () => {
    const probe = { kind: "none", others: 3 } as const;
    const several = start({ batch: doubtful, probe });
    expect(await several.send(NUMBER)).toEqual({ kind: "done" });
    expect(several.steps).toEqual(["load", "probe", "split"]);
    const single = start({ batch: { ...batchOf("a"), doubt: DOUBT }, probe });
    expect(await single.send(NUMBER)).toEqual({ kind: "done" });
    expect(single.steps).toEqual(["load", "probe", ...CALLED.slice(1), "acknowledge"]);
  });

  it("and failing lets the others go first where there is no canary, and goes on where there are none", async () => {
    const batch = { ...doubtful, doubt: { ...DOUBT, reason: "unavailable" } as const };
    const first = start({ batch, probe: { kind: "none", others: 1 } });
    expect(await first.send(NUMBER)).toEqual({ kind: "aside", delayMs: 1_000 });
    const alone = start({ batch, probe: { kind: "none", others: 0 } });
    expect(await alone.send(NUMBER)).toEqual({ kind: "done" });
    expect(alone.steps).toEqual(["load", "probe", ...CALLED.slice(1), "acknowledge"]);
  });

  it("of one asset that alone fails while others pass is its dead letter", async () => {
    const doubt = { ...DOUBT, reason: "unavailable", message: "500" } as const;
    const batch = { ...batchOf("a"), doubt };
    const { send, acknowledged } = start({ batch, evidence: { acceptedCall: 21 } });
    await send(NUMBER);
    const message = "Qualys takes others of this connector, but not this: 500";
    expect(acknowledged).toEqual([[NUMBER, DOUBT.call, [rejected(0, "a", "refused", message)]]]);
  });
});

describe("a suspect", () => {
  it("that finds no spare call goes into quarantine", async () => {
    const permit = { kind: "wait", scope: "suspects", delayMs: 700, reason: "quarantine" } as const;
    const { send, steps, events } = start({ changes: { reserve: async () => permit } });
    expect(await send(NUMBER)).toEqual({ kind: "done" });
    expect(steps).toEqual(["load", `quarantine ${NUMBER}`]);
    expect(events).toEqual([{ event: "batch.quarantined", batch: NUMBER, assets: 3 }]);
  });
});

describe("more than a fifth of the assets refused", () => {
  const verdict: Verdict = {
    kind: "accepted-in-part",
    rejected: [{ index: 0, message: "no such field" }],
    unplaced: [],
  };

  it("holds the connector, once enough were decided", async () => {
    const { send, holds } = start({ verdict, ofLate: { decided: 200, refused: 41 } });
    await send(NUMBER);
    expect(holds).toEqual([
      {
        scope: "connector",
        reason: "refused",
        durationMs: null,
        message:
          "41 of the last 200 assets were refused; see sluice dead list, then sluice resume; the last: no such field",
      },
    ]);
  });

  it.for([
    [199, 100],
    [200, 40],
  ])("does not at %i decided and %i refused", async ([decided = 0, refused = 0]) => {
    const { send, holds } = start({ verdict, ofLate: { decided, refused } });
    await send(NUMBER);
    expect(holds).toEqual([]);
  });
});

function keyOf(text: string): string {
  const asset = JSON.parse(text) as { identityAttributes: { sourceNativeKey: string } };
  return asset.identityAttributes.sourceNativeKey;
}
