import { describe, expect, it } from "vitest";
import { defineMapping, type MappedFields, moduleMapping } from "./define-mapping.ts";

function mappedBy(map: (record: object) => unknown, record = {}): unknown {
  return moduleMapping(defineMapping({ map: map as () => MappedFields })).map(record);
}

describe("a mapping in TypeScript", () => {
  it("gives the fields of the built-in mapping, as JSON would", () => {
    const fields = {
      id: "a",
      os: undefined,
      last_seen: new Date(0),
      findings: [{ cve: "CVE-2021-1" }],
      customAttributes: { owner: "x" },
    };
    expect(mappedBy(() => fields)).toEqual({
      record: {
        id: "a",
        last_seen: "1970-01-01T00:00:00.000Z",
        vulnerabilities: [{ cve: "CVE-2021-1" }],
        custom_attributes: { owner: "x" },
      },
    });
  });

  it("names its key, also where a record has none", () => {
    expect(mappedBy(() => ({ id: undefined, serial: "S1" }))).toEqual({
      record: { id: null, serial: "S1" },
    });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["id"] = cyclic;
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    ["throws", () => JSON.parse("{") as unknown, "JSON"],
    ["gives nothing", () => undefined, "no object"],
    ["gives a list", () => [], "no object"],
    ["names a field that is not one", () => ({ hostName: "x" }), '"hostName"'],
    [
      "names one of a finding that is not one",
      () => ({ id: "a", findings: [{ cve: "CVE-2021-1", severty: 5 }] }),
      '"findings.severty"; known are cve, severity',
    ],
    ["gives what JSON can't say", () => ({ id: 1n }), "BigInt"],
    ["gives what has no end", () => cyclic, "circular"],
    ["gives a promise", () => Promise.resolve({ id: "a" }), "promise"],
    ["gives a promise that fails", () => Promise.reject(new Error("late")), "promise"],
  ];
  it.for(cases)("that %s fails, and its neighbours go on", ([, map, why]) => {
    expect(mappedBy(map)).toMatchObject({
      record: {},
      failures: [{ path: "", message: expect.stringContaining(why) }],
    });
  });
});
