import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readYaml } from "./read-yaml.ts";

const schema = z.strictObject({
  name: z.string(),
  sizes: z.record(
    z.string(),
    z.strictObject({ width: z.number().max(9), unit: z.enum(["mm", "cm"]).optional() }),
  ),
  tags: z.array(z.string()).optional(),
});

function mistakesIn(lines: readonly string[]): string[] {
  const read = readYaml(lines.join("\n"), schema);
  if (read.kind === "value") return [];
  return read.mistakes.map(
    ({ line, column, path, message }) => `${line}:${column} ${path} ${message}`,
  );
}

describe("a YAML file", () => {
  it("is read by its schema", () => {
    const read = readYaml("name: &n box\nsizes: {a: {width: 3}}\ntags: [*n]", schema);
    expect(read).toMatchObject({
      kind: "value",
      value: { name: "box", sizes: { a: { width: 3 } }, tags: ["box"] },
    });
  });

  it("has the place of everything in it, and of what stands some characters into a text", () => {
    const read = readYaml('a:\n  - b: x + y\n  - c: "y z"\nd: {e: 1}\n', z.unknown());
    if (read.kind === "wrong") throw new Error("wrong");
    const placeOf = (path: (string | number)[], offset = 0) => {
      const { line, column } = read.locate({ path, offset, message: "" });
      return [line, column];
    };
    expect(placeOf(["a", 0, "b"])).toEqual([2, 8]);
    expect(placeOf(["a", 0, "b"], 4)).toEqual([2, 12]);
    expect(placeOf(["a", 1, "c"], 2)).toEqual([3, 11]);
    expect(placeOf(["d", "e"])).toEqual([4, 8]);
    expect(placeOf([])).toEqual([1, 1]);
  });

  it("gives every mistake at once, each with its place, in the order of the text", () => {
    const mistakes = mistakesIn([
      "nane: box",
      "sizes:",
      "  large:",
      "    width: wide",
      "    unit: km",
      "  small:",
      "    unit: mm",
      "    hight: 3",
      "  huge: { width: 10 }",
      "tags: [one, 2]",
    ]);
    expect(mistakes).toEqual([
      "1:1 name is missing",
      '1:1 nane there is no "nane" here; did you mean "name"?',
      "4:12 sizes.large.width expected a number, not text",
      "5:11 sizes.large.unit expected one of mm, cm",
      "6:3 sizes.small.width is missing",
      '8:5 sizes.small.hight there is no "hight" here; known are unit, width',
      "9:18 sizes.huge.width expected number to be <=9",
      "10:13 tags[1] expected text, not a number; put it into quotes",
    ]);
  });

  it("never shows a value", () => {
    expect(mistakesIn(["name: [hunter2]", "sizes: hunter2", "tags: [{p: hunter2}]"])).toHaveLength(
      3,
    );
    expect(mistakesIn(["name: [hunter2]", "sizes: hunter2"]).join()).not.toContain("hunter2");
  });

  it.for([
    "!hunter2 x",
    "!h!unter2 x",
    "|hunter2",
    ">hunter2",
    "}hunter2",
    '"a\\xhunter2"',
    "*hunter2",
    "[hunter2",
    "hunter2: x: y",
  ])("never shows a value that is broken: %s", (value) => {
    const mistakes = mistakesIn([`name: ${value}`]).join("\n");
    expect(mistakes).not.toBe("");
    expect(mistakes).not.toMatch(/hu|unter2/);
  });

  it.for<[string, readonly string[], string]>([
    ["a key twice", ["name: a", "name: b"], "2:1  this key is there already"],
    ["a bracket that is never closed", ["name: a", "tags: [x"], "2:9  "],
    ["a tag of which nothing is known", ["name: !secret a"], "1:7  this tag is not known"],
    ["a glob without quotes", ["name: a", "tags: [*.csv]"], "2:8  no anchor of that name"],
    ["a value inside itself", ["name: a", "sizes: &s {a: *s}"], "2:15  no anchor of that name"],
    ["an alias before its anchor", ["name: *n", "tags: [&n a]"], "1:7  no anchor of that name"],
    [
      "a second document",
      ["name: a", "---", "name: b"],
      "2:1  a second document begins here; leave out one of them",
    ],
    ["brackets where a text was meant", ["name: {a}"], "put text that begins with { into quotes"],
    ["a list where a text was meant", ["name: [a]"], "put text that begins with [ into quotes"],
    ["something behind brackets", ["name: {a} & b"], "1:11  this can't stand here; put the text"],
    ["brackets that are not closed", ["name: {a", "tags: []"], "close it, or put the text into"],
    ["a colon in a text", ["name: a: b"], "1:7  there is a key in the value of a key; put the"],
    ["a text where a list was meant", ["tags: a"], "expected a list, not text; put it into [ ]"],
    ["nothing where keys were meant", ["sizes:"], "expected keys with values, not nothing"],
    ["a tab", ["sizes:", "\ta: 1"], "2:1  tabs don't indent; use spaces"],
    ["nothing", [""], "1:1  expected keys with values, not nothing"],
  ])("with %s is refused, and the place is told", ([, lines, mistake]) => {
    expect(mistakesIn(lines).join("\n")).toContain(mistake);
  });

  it("of aliases of aliases, nested without end or without measure is refused", () => {
    const bomb = Array.from(
      { length: 30 },
      (_, at) => `a${at}: &a${at} [${at === 0 ? "x" : `*a${at - 1}, *a${at - 1}`}]`,
    );
    expect(mistakesIn(bomb).join()).toContain("it uses more than 100 aliases");
    expect(mistakesIn(["[".repeat(100_000)])).toEqual([
      expect.stringMatching(/^1:\d+ {2}it is nested too deeply$/),
    ]);
    expect(mistakesIn(["x".repeat(300_000)])).toEqual(["1:1  it has more than 262144 characters"]);
  });

  it("is YAML 1.2: yes is a word, and << is a key like any other", () => {
    const read = readYaml("name: yes\nsizes: {}", schema);
    expect(read).toMatchObject({ value: { name: "yes" } });
    expect(mistakesIn(["name: a", "sizes: {}", "<<: {tags: [b]}"])).toEqual([
      '3:1 << there is no "<<" here; known are name, sizes, tags',
    ]);
  });

  it("has room for what only its reader can see, at its place and among the others", () => {
    const read = readYaml("name: a\nsizes: {}\ntags: 3", schema, () => [
      { path: ["name"], message: "is taken" },
    ]);
    expect(read).toMatchObject({
      mistakes: [
        { line: 1, column: 7, path: "name", message: "is taken" },
        { line: 3, column: 7, path: "tags" },
      ],
    });
  });
});
