import { describe, expect, it, onTestFinished, vi } from "vitest";
import { compileExpression } from "./expression.ts";

/** What an expression gives for a record. */
async function valueOf(text: string, record: object): Promise<unknown> {
  const compiled = compileExpression(text);
  if (compiled.kind === "invalid") throw new Error(compiled.message);
  return await compiled.evaluate(record, record as never);
}

describe("an expression", () => {
  it.for([
    ["a constant", '"x"', "x"],
    ["a path", "host.names[0]", "h1"],
    ["the record itself", "$", { host: { names: ["h1", "h2"], size: 3 } }],
    ["a function", "$uppercase(host.names[1])", "H2"],
    ["a condition", 'host.size > 2 ? "big" : "small"', "big"],
    ["a list", "host.names.{'name': $}", [{ name: "h1" }, { name: "h2" }]],
    ["the record from inside a part of it", "host.($record.host.size + size)", 6],
  ] as const)("is %s", async ([, text, value]) => {
    const record = { host: { names: ["h1", "h2"], size: 3 } };
    expect(await valueOf(text, record)).toEqual(value);
  });

  it.for([
    ["host.names[0]", false],
    ["`a b`", false],
    ["12", false],
    ["$", false],
    ["a & b", true],
    ["a.b[]", true],
    ["(a)", true],
    ["a[b=1]", true],
    ["a.%", true],
    ["a@$x.b", true],
    ["a#$i.b", true],
    ["a{b: c}", true],
    ["a^(b)", true],
  ] as const)("%s asks JSONata: %s", ([text, isAsked]) => {
    const compiled = compileExpression(text);
    if (compiled.kind === "invalid") throw new Error(compiled.message);
    const value = compiled.evaluate({ a: [{ b: 1 }] }, {});
    if (value instanceof Promise) value.catch(() => {});
    expect(value instanceof Promise).toBe(isAsked);
  });

  it.for([
    ["a.(b", 3, 'Expected ")"'],
    ["1 & $now()", 4, "$now is not for mappings"],
    ["($r := $random; $r())", 7, "$random is not for mappings"],
    ["$eval(a)", 0, "$eval is not for mappings"],
    ["1 + $sun(a)", 4, "There is no function $sun"],
    ["a ~> $trm", 5, "There is no function $trm"],
    ["Host Name", 8, 'put it into backticks, and those into quotes: "`Host Name`"'],
    ["OS (long)", 0, '"OS" is no function, their names begin with $; if it is the name of a field'],
    ["Inventory-No", 0, '"Inventory-No" is an operation: put spaces around its signs'],
    ["OS/Version*Patch", 0, "backticks"],
  ] as const)("%s is a mistake at %i", ([text, offset, message]) => {
    expect(compileExpression(text)).toEqual({
      kind: "invalid",
      offset,
      message: expect.stringContaining(message),
    });
  });

  it.for([
    ["a loop without end", "($f := function($x) { $f($x + 1) }; $f(1))", "steps"],
    ["a recursion without end", "($f := function($x) { 1 + $f($x) }; $f(1))", "Stack overflow"],
    ["too long a list", "$count([1..10000000])", "equence"],
    ["a function as value", "$uppercase", "gives a function"],
    ["a function inside a value", "{'f': function($x) { $x }}", "gives a function"],
    ["a pattern as value", "/x/", "gives a function"],
    ["an error of its own", '$error("no owner")', "no owner"],
  ] as const)("fails with %s", async ([, text, message]) => {
    await expect(valueOf(text, {})).rejects.toThrow(message);
  });

  it.for([
    ["$toMillis(at)", "2026-01-02T03:04:05", "2026-01-02T03:04:05Z"],
    ["$toMillis(at)", "2026-01-02T03:04:05.678", "2026-01-02T03:04:05.678Z"],
    ["$toMillis(at)", "2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05Z"],
    ["$toMillis(at)", "2026-01-02", "2026-01-02T00:00:00Z"],
    ["at.$toMillis()", "2026-01-02", "2026-01-02T00:00:00Z"],
    ['$toMillis(at, "[D].[M].[Y] [H]:[m]")', "2.1.2026 3:04", "2026-01-02T03:04:00Z"],
  ] as const)("takes dates as they are, wherever it runs: %s of %s", async ([text, at, is]) => {
    vi.stubEnv("TZ", "America/New_York");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(new Date(2026, 0).getTimezoneOffset()).toBe(300);
    expect(await valueOf(text, { at })).toBe(Date.parse(is));
    expect(await valueOf(text, {})).toBeUndefined();
  });

  it.for([
    ["[D01].[M01]", "02.01"],
    ["[H01]:[m01]", "03:04"],
  ] as const)("takes nothing from today: the picture %s fails", async ([picture, at]) => {
    const failing = valueOf(`$toMillis(at, "${picture}")`, { at });
    await expect(failing).rejects.toThrow("names no year");
  });

  it.for([
    "memory_mb*1024",
    "a - b",
    "($twice := function($x) { $x * 2 }; a.$twice($))",
    "a#$i.$string($i)",
  ])("%s is one", (text) => {
    expect(compileExpression(text)).toMatchObject({ kind: "expression" });
  });

  it.for([
    ["[D01]/[M01]/[Y0001]", "09/25/2026"],
    ["[M01]/[D01]/[Y0001]", "13/05/2026"],
    ["[D].[M].[Y]", "31.2.2026"],
    ["[D].[M].[Y]", "soon"],
    ["[Y0001]-[M01]-[D01] [H01]:[m01]", "2026-01-02"],
  ] as const)(
    "makes no other date of what a picture does not fit: %s of %s",
    async ([picture, at]) => {
      const text = `$toMillis(at, "${picture}")`;
      expect(await valueOf(text, { at })).toBe(`"${at}" does not fit "${picture}"`);
    },
  );

  it.for([
    ["[D01]/[M01]/[Y0001]", "9/2/2026", "2026-02-09"],
    ["[D1o] [MNn] [Y]", "2nd March 2026", "2026-03-02"],
    ["[Y0001][M01][D01]", "20260302", "2026-03-02"],
    ["[M]/[D]/[Y] [h]:[m] [P]", "3/2/2026 12:30 am", "2026-03-02T00:30:00Z"],
    ["[Y]-[M]-[D]T[H]:[m]:[s].[f001]", "2026-03-02T01:02:03.5", "2026-03-02T01:02:03.500Z"],
    ["[Y]-[M]-[D] [H]:[m] [Z]", "2026-03-02 01:00 +02:00", "2026-03-01T23:00:00Z"],
  ] as const)("reads dates as their picture says: %s of %s", async ([picture, at, is]) => {
    expect(await valueOf(`$toMillis(at, "${picture}")`, { at })).toBe(Date.parse(is));
  });

  it("never touches what objects inherit, whatever a record's names are", async () => {
    const record = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"x":2},"k":"__proto__"}');
    expect(await valueOf("polluted", record)).toBeUndefined();
    expect(await valueOf("toString", record)).toBeUndefined();
    expect(await valueOf("constructor.x", record)).toBe(2);
    await valueOf("$merge([$, {k: {'polluted': 1}}])", record);
    await valueOf("$ ~> |$|{k: {'polluted': 1}}|", record);
    expect(await valueOf("$string(constructor.constructor)", record)).toBeUndefined();
    expect("polluted" in {}).toBe(false);
    expect(Object.keys(record)).toEqual(["__proto__", "constructor", "k"]);
  });

  it("takes a record that looks like a function of JSONata for data that can't be mapped", async () => {
    const record = { f: { _jsonata_lambda: true, thunk: true, body: { procedure: {} } } };
    await expect(valueOf("$map([f, f], function($x) { $x })", record)).rejects.toThrow();
  });
});
