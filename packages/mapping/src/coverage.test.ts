import { describe, expect, it } from "vitest";
import { compileMapping } from "./compile-mapping.ts";
import { MappingCoverage } from "./coverage.ts";

const SPEC = {
  fields: {
    id: "no",
    ip: "adress",
    os: { expr: "sys", default: "Unknown" },
    serial: "$string(sn)",
  },
  findings: [{ each: "cves", cve: "$", port: "port" }],
  software: { each: "apps", name: "$" },
  customAttributes: { owner: "owner", by: { value: "us" } },
};

async function silentAfter(...records: object[]) {
  const compiled = compileMapping(SPEC);
  if (compiled.kind === "invalid") throw new Error(JSON.stringify(compiled.problems));
  const coverage = new MappingCoverage(compiled.spec);
  const watched = coverage.watch(compiled.mapping);
  for (const record of records) await watched.map(record as never);
  return coverage.silent();
}

describe("the coverage of a mapping", () => {
  it("is the parts that gave something for some record; the others are told with their expressions", async () => {
    expect(await silentAfter({ no: 1, cves: ["CVE-2021-1"] }, { no: 2, owner: "x" })).toEqual([
      { place: "fields.serial", expr: "$string(sn)" },
      { place: "fields.ip", expr: "adress" },
      { place: "findings.port", expr: "port" },
      { place: "software.name", expr: "$" },
    ]);
  });

  it("has nothing to tell once all of them did", async () => {
    const record = { no: 1, adress: "10.0.0.1", sn: 3, apps: ["curl"], owner: "x" };
    const finding = { cves: [{ port: 22 }] };
    expect(await silentAfter({ ...record, ...finding })).toEqual([]);
  });
});
