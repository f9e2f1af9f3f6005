import type { Mapping } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { compileMapping } from "./compile-mapping.ts";
import { mappingSchema } from "./mapping-schema.ts";

function mappingOf(spec: object): Mapping {
  const compiled = compileMapping({ fields: { id: "id" }, ...spec });
  if (compiled.kind === "invalid") throw new Error(JSON.stringify(compiled.problems));
  return compiled.mapping;
}

async function mapped(spec: object, record: object) {
  return await mappingOf(spec).map(record as never);
}

describe("a field", () => {
  it.for([
    ["a path", "host.name", "Web-1"],
    ["an expression", "$lowercase(host.name)", "web-1"],
    ["a constant", { value: "x" }, "x"],
    ["a list of constants", { value: ["x", "y"] }, ["x", "y"]],
    ["a lookup, in any case", { expr: "os", lookup: { win: "Windows" } }, "Windows"],
    ["a table by its name", { expr: "os", lookup: "systems" }, "Windows 11"],
    ["a lookup of each of several", { expr: "tags", lookup: { a: 1, b: 2 } }, [1, 2]],
    ["the default of a lookup", { expr: "host.name", lookup: {}, default: "?" }, "?"],
    ["the default where there is nothing", { expr: "none", default: 5 }, 5],
    ["the default where it says that there is nothing", { expr: "na", default: 5 }, 5],
    ["nothing, by a default of null", { expr: "host.name", lookup: {}, default: null }, null],
    ["what a lookup of an expression gives", { expr: "os & ''", lookup: { WIN: 1 } }, 1],
  ] as const)("may be %s", async ([, field, value]) => {
    const record = { id: 1, host: { name: "Web-1" }, os: " WIN ", tags: ["a", "b"], na: "n/a" };
    const tables = { systems: { Win: "Windows 11" } };
    expect(await mapped({ fields: { id: "id", os: field }, tables }, record)).toEqual({
      record: { id: 1, os: value },
    });
  });

  it("that the record has nothing for is left out", async () => {
    expect(await mapped({ fields: { id: "id", os: "none" } }, { id: 1 })).toEqual({
      record: { id: 1 },
    });
  });

  it("that fail are all told, and the others are there", async () => {
    const spec = { fields: { id: "id", os: "$number(a)", fqdn: "$number(b)", serial: "c" } };
    const { record, failures } = await mapped(spec, { id: 1, a: "x", b: "y", c: "z" });
    expect(record).toEqual({ id: 1, serial: "z" });
    expect(failures?.map(({ field }) => field)).toEqual(["fqdn", "os"]);
  });

  it.for([
    [{ expr: "os.name", lookup: {} }, "os.name", ["fields", "os", "expr"], '"BeOS" is not in'],
    ["$number(os.name)", "", ["fields", "os"], "cast"],
  ] as const)("that fails says where, and the others are there", async ([os, path, place, why]) => {
    expect(await mapped({ fields: { id: "id", os } }, { id: 1, os: { name: "BeOS" } })).toEqual({
      record: { id: 1 },
      failures: [{ field: "os", path, place, message: expect.stringContaining(why) }],
    });
  });
});

const CVES = [
  { cve: "CVE-2021-1", severity: "high" },
  { cve: "CVE-2021-2", severity: "low" },
];

describe("findings", () => {
  it.for([
    [
      "a list of objects",
      {
        each: "scan.vulns",
        cve: "id",
        severity: { expr: "risk", lookup: { h: "high", l: "low" } },
      },
      {
        scan: {
          vulns: [
            { id: "CVE-2021-1", risk: "H" },
            { id: "CVE-2021-2", risk: "L" },
          ],
        },
      },
    ],
    [
      "lists that belong together",
      { parallel: { c: "cves", s: "sev" }, cve: "c", severity: "s" },
      { cves: ["CVE-2021-1", "CVE-2021-2"], sev: ["high", "low"] },
    ],
    [
      "texts that belong together",
      { parallel: { c: "cves", s: "sev" }, split: ";", cve: "c", severity: "s" },
      { cves: "CVE-2021-1; CVE-2021-2", sev: "high;low" },
    ],
    [
      "one text of pairs",
      {
        each: "vulns",
        split: ",",
        cve: "$substringBefore($, '=')",
        severity: "$substringAfter($, '=')",
      },
      { vulns: "CVE-2021-1=high, CVE-2021-2=low, " },
    ],
    [
      "a column for each",
      { columns: "CVE-*", cve: "column", severity: "value" },
      { "CVE-2021-1": "high", "CVE-2021-2": "low", "CVE-2021-3": "n/a", other: "x" },
    ],
    [
      "several shapes",
      [
        { each: "vulns", cve: "id", severity: "risk" },
        { columns: "CVE-*", cve: "column", severity: "value" },
      ],
      { vulns: { id: "CVE-2021-1", risk: "high" }, "CVE-2021-2": "low" },
    ],
    [
      "what an expression makes",
      { each: "vulns.{'cve': 'CVE-' & no, 'severity': risk}" },
      {
        vulns: [
          { no: "2021-1", risk: "high" },
          { no: "2021-2", risk: "low" },
        ],
      },
    ],
  ] as const)("may be %s", async ([, findings, record]) => {
    expect(await mapped({ findings }, { id: 1, ...record })).toEqual({
      record: { id: 1, vulnerabilities: CVES },
    });
  });

  it("of which there are none are an empty list", async () => {
    const findings = { each: "vulns", cve: "id" };
    expect(await mapped({ findings }, { id: 1, vulns: null })).toMatchObject({
      record: { vulnerabilities: [] },
    });
  });

  it("of lists with different lengths can't be paired", async () => {
    const findings = { parallel: { c: "cves", s: "sev" }, cve: "c", severity: "s" };
    expect(await mapped({ findings }, { id: 1, cves: ["a", "b"], sev: ["high"] })).toMatchObject({
      failures: [
        { field: "vulnerabilities", message: expect.stringContaining("c has 2, s has 1") },
      ],
    });
  });

  it.for([
    ["a list", { each: "all" }, { all: Array(100_001).fill(0) }],
    ["a text", { each: "all", split: ";" }, { all: ";".repeat(100_000) }],
    ["parallel lists", { parallel: { c: "all" } }, { all: Array(100_001).fill(0) }],
    [
      "columns",
      { columns: "c*" },
      Object.fromEntries(Array.from({ length: 100_001 }, (_, at) => [`c${at}`, at])),
    ],
  ] as const)("of %s are no more than any host has", async ([, from, record]) => {
    const findings = { ...from, cve: "$uppercase($string($))" };
    expect(await mapped({ findings }, { id: 1, ...record })).toMatchObject({
      failures: [
        { field: "vulnerabilities", message: expect.stringContaining("more than 100000") },
      ],
    });
  });

  it("know where each value of theirs comes from", () => {
    const mapping = mappingOf({
      findings: { each: "scan.vulns", cve: "id", severity: "risk.level" },
    });
    expect(mapping.originOf("vulnerabilities[2].severity")).toEqual({
      place: ["findings", "severity"],
      path: "scan.vulns[2].risk.level",
    });
  });
});

describe("software and custom attributes", () => {
  it("are mapped like the rest", async () => {
    const spec = {
      software: {
        each: "apps",
        split: ";",
        name: "$split($, ' ')[0]",
        version: "$split($, ' ')[1]",
      },
      customAttributes: { owner: "owner.mail", tags: "tags", rack: { value: 7 }, none: "none" },
    };
    const record = { id: 1, apps: "curl 8.1;jq 1.7", owner: { mail: "a@b" }, tags: ["x", "y"] };
    expect(await mapped(spec, record)).toEqual({
      record: {
        id: 1,
        software: [
          { name: "curl", version: "8.1" },
          { name: "jq", version: "1.7" },
        ],
        custom_attributes: { owner: "a@b", tags: "x, y", rack: "7" },
      },
    });
  });

  it("that are no text fail", async () => {
    const spec = { customAttributes: { owner: "owner" } };
    expect(await mapped(spec, { id: 1, owner: {} })).toMatchObject({
      failures: [{ path: "owner", place: ["customAttributes", "owner"] }],
    });
  });

  it("may be called as what objects inherit, but for __proto__, which is a mistake", async () => {
    const { record } = await mapped({ customAttributes: { constructor: "a" } }, { id: 1, a: "x" });
    expect(JSON.stringify(record["custom_attributes"])).toBe('{"constructor":"x"}');
    const spec =
      '{"fields":{"id":"id"},"customAttributes":{"__proto__":"a"},"tables":{"__proto__":{}}}';
    expect(compileMapping(JSON.parse(spec))).toMatchObject({
      kind: "invalid",
      problems: [{ path: ["customAttributes", "__proto__"] }, { path: ["tables", "__proto__"] }],
    });
  });
});

describe("a mapping with mistakes", () => {
  it("names all of them, each at its place", () => {
    const compiled = compileMapping({
      fields: {
        id: "a.(",
        os: { expr: "os", value: "x" },
        ip: { expr: "ip", lookup: "nets" },
        mac: { expr: "mac", lookup: { A: 1, " a": 2 } },
        serial: { expr: "x & $now()" },
      },
      findings: [{ cve: "id" }, { columns: "CVE" }],
    });
    expect(compiled).toMatchObject({ kind: "invalid" });
    if (compiled.kind === "invalid") {
      const places = compiled.problems.map(({ path, offset }) => [path.join("."), offset]);
      expect(Object.fromEntries(places)).toEqual({
        "fields.id": 2,
        "fields.os": undefined,
        "fields.ip.lookup": undefined,
        "fields.mac.lookup": undefined,
        "fields.serial.expr": 4,
        "findings.0": undefined,
        "findings.1.columns": undefined,
      });
    }
  });

  it.for([
    [{}, "fields"],
    [5, ""],
    [{ fields: { id: 5 } }, "fields.id"],
    [{ fields: { id: { expr: "a", lookups: {} } } }, "fields.id.lookups"],
    [{ fields: { hostnme: "a" } }, "fields.hostnme"],
    [{ fields: { id: "a" }, findings: { each: "a", cwe: "b" } }, "findings.cwe"],
    [{ fields: { id: "a" }, findings: [{ each: "a" }, { each: 1 }] }, "findings.1.each"],
    [{ fields: { id: "a" }, tests: [{ inputs: {} }] }, "tests.0.input"],
  ] as const)("%j is wrong at %s", ([spec, path]) => {
    const compiled = compileMapping(spec);
    const places = compiled.kind === "invalid" ? compiled.malformed.map((one) => one.path) : [];
    expect(places.map((place) => place.join("."))).toContain(path);
  });

  it("has to map a field", () => {
    expect(compileMapping({ fields: {} })).toMatchObject({ problems: [{ path: ["fields"] }] });
  });

  it("names those in what is well-formed beside what is not", () => {
    const compiled = compileMapping({
      fields: { id: "a.(", hostnme: "b", os: { expr: "c", lookup: "systems" }, ip: 5 },
      findings: [{ each: 1 }, { each: "x.(" }],
      software: { each: "y.(", vendor: "z" },
      tables: { systems: { a: [] } },
      notes: 1,
    });
    if (compiled.kind !== "invalid") throw new Error("it was compiled");
    const text = (problems: typeof compiled.problems) => problems.map(({ path }) => path.join("."));
    expect(text(compiled.malformed).sort()).toEqual([
      "fields.hostnme",
      "fields.ip",
      "findings.0.each",
      "notes",
      "software.vendor",
      "tables.systems.a",
    ]);
    expect(text(compiled.problems)).toEqual(["fields.id", "software.each"]);
  });

  it("has a JSON Schema, with a description of each part", () => {
    const schema = z.toJSONSchema(mappingSchema, { io: "input" });
    expect(JSON.stringify(schema)).toContain("a JSONata expression");
  });
});
