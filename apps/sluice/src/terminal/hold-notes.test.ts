import type { Hold } from "@sluice/queue";
import { describe, expect, it } from "vitest";
import { createHoldNotes, endOf, isBlocking } from "./hold-notes.ts";
import type { Terminal } from "./terminal.ts";

function recorded(isWatched: boolean): { terminal: Terminal; notes: string[] } {
  const notes: string[] = [];
  const ignore = () => {};
  const note = (line: string) => void notes.push(line);
  return {
    terminal: { isJson: false, isWatched, note, result: ignore, progress: ignore, clear: ignore },
    notes,
  };
}

function hold(changes: Partial<Hold> = {}): Hold {
  const sinceMs = new Date(2026, 0, 2, 21, 14, 0).getTime();
  const untilMs = sinceMs + 5_000;
  return { scope: "account", reason: "rate-limit", sinceMs, untilMs, message: "spent", ...changes };
}

const { sinceMs } = hold();

describe("createHoldNotes", () => {
  it("tells once that a hold began, and once that sending goes on", () => {
    const { terminal, notes } = recorded(true);
    const look = createHoldNotes(terminal);
    look([], sinceMs);
    look([hold()], sinceMs + 250);
    look([hold()], sinceMs + 500);
    look([], sinceMs + 5_100);
    look([], sinceMs + 5_350);
    expect(notes).toEqual(["held until 21:14:05 (rate-limit): spent", "resumed after 5 s"]);
  });

  it("tells of a second hold of the same kind, and resumes when the last one has ended", () => {
    const { terminal, notes } = recorded(true);
    const look = createHoldNotes(terminal);
    look([hold()], sinceMs);
    look([hold({ sinceMs: sinceMs + 5_000, untilMs: sinceMs + 9_000 })], sinceMs + 5_000);
    look([], sinceMs + 9_000);
    expect(notes).toEqual([
      "held until 21:14:05 (rate-limit): spent",
      "held until 21:14:09 (rate-limit): spent",
      "resumed after 9 s",
    ]);
  });

  it("keeps silent about a hold that is over before anyone has read of it", () => {
    const { terminal, notes } = recorded(true);
    const look = createHoldNotes(terminal);
    look([hold({ untilMs: sinceMs + 300 })], sinceMs);
    look([], sinceMs + 500);
    expect(notes).toEqual([]);
  });

  it("leaves holds that end by themselves to the log when nobody watches", () => {
    const { terminal, notes } = recorded(false);
    const look = createHoldNotes(terminal);
    look([hold(), hold({ reason: "operator", untilMs: null, message: "paused" })], sinceMs);
    look([hold()], sinceMs + 4_000);
    expect(notes).toEqual(["held until sluice resume (operator): paused", "resumed after 4 s"]);
  });
});

describe("isBlocking", () => {
  it("stops work for what somebody must put right, not for a pause or a wait", () => {
    expect(isBlocking(hold({ reason: "credentials", untilMs: null }))).toBe(true);
    expect(isBlocking(hold({ reason: "operator", untilMs: null }))).toBe(false);
    expect(isBlocking(hold())).toBe(false);
  });
});

describe("endOf", () => {
  it.for([
    ["rate-limit", sinceMs, "21:14:00"],
    ["refused", null, "sluice resume"],
    ["disabled", null, "sluice connectors enable"],
    ["disabled-in-file", null, "enabled: true in its configuration"],
  ] as const)("of %s names what really ends it", ([reason, untilMs, end]) => {
    expect(endOf({ reason, untilMs })).toBe(end);
  });
});
