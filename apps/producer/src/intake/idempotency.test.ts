import { describe, expect, it } from "vitest";
import { claimOf, parseIdempotencyKey, type RequestPart } from "./idempotency.ts";
import { Problem } from "./problem.ts";

const request = { key: "k", scope: ["key agent", "default"], target: ["live", ""] };
const part: RequestPart = { records: [{ text: "{}", line: 1 }], ordinal: 1, isLast: true };

describe("an Idempotency-Key header", () => {
  it("is a quoted string, or the bare text that most clients send", () => {
    expect(parseIdempotencyKey(undefined)).toBeNull();
    expect(parseIdempotencyKey('"8e03978e-40d5"')).toBe("8e03978e-40d5");
    expect(parseIdempotencyKey("8e03978e-40d5")).toBe("8e03978e-40d5");
  });

  it.for(["", '""', '"', 'a"b', "a b", "é", "x".repeat(256)])("is refused: %s", (header) => {
    expect(() => parseIdempotencyKey(header)).toThrow(Problem);
  });
});

describe("a claim", () => {
  const { id, fingerprint } = claimOf(request, part);

  it("is the same for the same part of the same request, whatever its lines and sources are called", () => {
    const again = { ...part, records: [{ text: "{}", line: 7, source: "request 2" }] };
    expect(claimOf(request, again)).toEqual({ id, fingerprint });
    expect(id).toMatch(/^[\w-]{22}$/);
  });

  it("is another one for another key, caller, connector or part", () => {
    const others = [
      claimOf({ ...request, key: "l" }, part),
      claimOf({ ...request, scope: ["key other", "default"] }, part),
      claimOf({ ...request, scope: ["key agent", "other"] }, part),
      claimOf(request, { ...part, ordinal: 2 }),
    ];
    const ids = new Set([id, ...others.map((claim) => claim.id)]);
    expect(ids.size).toBe(5);
  });

  it("has another fingerprint for other records, another lane or run, and where more follows", () => {
    const others = [
      claimOf(request, { ...part, records: [{ text: "{ }", line: 1 }] }),
      claimOf(request, { ...part, records: [...part.records, ...part.records] }),
      claimOf({ ...request, target: ["backfill", ""] }, part),
      claimOf({ ...request, target: ["live", "nightly"] }, part),
      claimOf(request, { ...part, isLast: false }),
    ];
    expect(new Set(others.map((claim) => claim.id))).toEqual(new Set([id]));
    const fingerprints = new Set([fingerprint, ...others.map((claim) => claim.fingerprint)]);
    expect(fingerprints.size).toBe(6);
  });
});
