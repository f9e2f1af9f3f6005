import { describe, expect, it } from "vitest";
import { levelOf, type Level, type PipelineEvent } from "./events.ts";

const settled = { waiting: 1, parked: 0, unchanged: 0, coalesced: 0, dead: 0 };
const sent = { requestId: "r", assets: 1, status: 200, verdict: "accepted", elapsedMs: 1 };
const forecast = { callsToGo: 1, done: null };
const held = {
  event: "send.held",
  scope: "account",
  message: "m",
  until: null,
  ...forecast,
} as const;
const resumed = { scope: "account", reason: "rate-limit", cause: "time", heldMs: 1 };

describe("an event is", () => {
  it.for<[Level, PipelineEvent]>([
    ["debug", { event: "chunk.settled", run: "r", sequence: 1, ...settled }],
    ["debug", { event: "batch.cut", batch: 1, connector: "c", assets: 1 }],
    ["debug", { event: "batch.sent", batch: 1, call: 1, ...sent, remaining: null }],
    ["info", { event: "batch.accepted", batch: 1, delivered: 1, dead: 0 }],
    ["info", { event: "batch.split", batch: 1, into: [2, 3], why: "refused" }],
    ["info", { ...held, reason: "rate-limit", durationMs: 1_000 }],
    ["info", { event: "send.resumed", ...resumed }],
    ["warn", { event: "records.buried", run: "r", records: 1, reasons: { schema: 1 } }],
    ["warn", { event: "assets.refused", batch: 1, assets: 1, message: "m" }],
    ["warn", { event: "trouble", stage: "send", message: "m" }],
    ["info", { event: "settings.applied", files: ["f"], accounts: [], connectors: [] }],
    ["error", { event: "settings.refused", problems: ["p"] }],
    ["error", { event: "chunk.left", sequence: 1, connector: "c", why: "w" }],
  ])("%s where it is %o", ([level, event]) => {
    expect(levelOf(event)).toBe(level);
  });

  it("an error where it is a hold that only an operator can end, but for the operator's own", () => {
    const endless = { ...held, durationMs: null };
    expect(levelOf({ ...endless, reason: "credentials" })).toBe("error");
    expect(levelOf({ ...endless, reason: "operator" })).toBe("info");
  });
});
