import { describe, expect, it } from "vitest";
import { hourEndMs, hourlyRunId, hourOf, isNamedRun, namedRunId } from "./run-ids.ts";

const AT_MS = Date.parse("2026-12-31T23:59:59.999Z");

describe("the id of an intake's run", () => {
  it("says connector, lane and hour, and when the hour ends", () => {
    const id = hourlyRunId("default", "live", hourOf(AT_MS));
    expect(id).toBe("intake-default-live-20261231T23");
    expect(hourEndMs(id)).toBe(AT_MS + 1);
    expect(isNamedRun(id)).toBe(false);
  });

  it("says the name that a client gave, which no name makes an hour's", () => {
    const id = namedRunId("default", "backfill", "nightly");
    expect(id).toBe("intake-default-backfill.nightly");
    expect(isNamedRun(id)).toBe(true);
    const sly = namedRunId("default", "live", "x-live-20261231T23");
    expect([isNamedRun(sly), hourEndMs(sly)]).toEqual([true, null]);
  });

  it("is told from those of other producers", () => {
    expect(hourEndMs("20261121T210433-1a2b3c")).toBeNull();
    expect(isNamedRun("20261121T210433-1a2b3c")).toBe(false);
  });
});
