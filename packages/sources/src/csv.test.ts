import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHeader } from "./csv-header.ts";
import { readCsv } from "./csv.ts";
import type { SourceRecord } from "./source-record.ts";
import { collect, inChunks } from "./test-support.ts";

function read(content: string, sizes = [5], bytesMax = 1000): Promise<SourceRecord[]> {
  const header = readHeader("hosts.csv", content, true);
  if (header === null) throw new Error("no header");
  return collect(readCsv(inChunks(content, sizes), header, bytesMax));
}

/** `line: record` for what was read, `line! message` for what was not. */
async function summary(content: string, bytesMax = 1000): Promise<string[]> {
  const records = await read(content, [5], bytesMax);
  return records.map((each) =>
    each.kind === "record" ? `${each.line}: ${each.text}` : `${each.line}! ${each.message}`,
  );
}

describe("readHeader", () => {
  it.each([
    ["a,b;c", ","],
    ["a;b\tc", ";"],
    ["a\tb", "\t"],
    ["a", ","],
    ['"a,b";c', ";"],
    ["id;name, short;ip", ";"],
    ["id\tname, short\tip", "\t"],
  ])("finds in %j the delimiter %j", (content, delimiter) => {
    expect(readHeader("hosts.csv", content, true)?.delimiter).toBe(delimiter);
  });

  it("trims the names and passes over blank lines before them", () => {
    expect(readHeader("hosts.csv", '\r\n id ,"host ""name"""\r\n1,2', true)).toEqual({
      names: ["id", 'host "name"'],
      delimiter: ",",
      line: 2,
    });
  });

  it.each([
    ["id,,ip\n", "column 2 has no name"],
    ["id,ip,\n", "column 3 has no name"],
    ["id,ip,id\n", '"id" is there twice'],
    ['id,"ip\n1,2\n', "a quote is never closed"],
    ['id,"ip"x\n', "text follows a closing quote"],
    ["id,ip\r1,2\r3,4", "CR only"],
    ["id,\uFFFD\n", "not UTF-8"],
  ])("refuses the header of %j", (content, message) => {
    expect(() => readHeader("hosts.csv", content, true)).toThrow(message);
  });

  it.each([
    ["sep=;\r\nid;name, short\r\n", ";"],
    ["sep=|\nid|name, short\n", "|"],
    ['"sep=\t"\nid\tname, short\n', "\t"],
  ])("takes the delimiter from the first line of %j", (content, delimiter) => {
    const names = ["id", "name, short"];
    expect(readHeader("hosts.csv", content, true)).toEqual({ names, delimiter, line: 2 });
    expect(readHeader("hosts.csv", content.slice(0, 7), false)).toBeNull();
  });

  it("waits for more while the row is not complete", () => {
    expect(readHeader("hosts.csv", "id,i", false)).toBeNull();
    expect(readHeader("hosts.csv", 'id,"a\nb', false)).toBeNull();
    expect(readHeader("hosts.csv", 'id,"a\nb"\n', false)).toMatchObject({
      names: ["id", "a\nb"],
      line: 2,
    });
  });
});

describe("readCsv", () => {
  it("makes objects of strings and leaves empty values out", async () => {
    expect(await summary("id,host,ip\n1,a,10.0.0.1\n2,,\n,b,\n")).toEqual([
      '2: {"id":"1","host":"a","ip":"10.0.0.1"}',
      '3: {"id":"2"}',
      '4: {"host":"b"}',
    ]);
  });

  it("takes quotes, delimiters and line ends inside of quotes as they are", async () => {
    const content = 'id;name\r\n1;"a;""b"""\r\n2;"line 1\r\nline 2"\r\n3;""\r\n';
    expect(await summary(content)).toEqual([
      '2: {"id":"1","name":"a;\\"b\\""}',
      '3: {"id":"2","name":"line 1\\r\\nline 2"}',
      '5: {"id":"3"}',
    ]);
  });

  it("passes over blank lines and rows without any value", async () => {
    expect(await summary("\nid,name\n\n,\n 1, a \r\n\r\n")).toEqual([
      '5: {"id":" 1","name":" a "}',
    ]);
  });

  it("reads a file with one column, and a last row without line end", async () => {
    expect(await summary("host\na\nb")).toEqual(['2: {"host":"a"}', '3: {"host":"b"}']);
  });

  it("passes over the line that names the delimiter", async () => {
    expect(await summary("sep=;\nid;ip\n1;2\n")).toEqual(['3: {"id":"1","ip":"2"}']);
  });

  it("has no records for a header alone", async () => {
    expect(await summary("id,name")).toEqual([]);
  });

  it("keeps a column named __proto__ as a plain field", async () => {
    expect(await summary("id,__proto__\n1,x")).toEqual(['2: {"id":"1","__proto__":"x"}']);
  });

  it("reports a row with the wrong number of values and goes on", async () => {
    const message = (count: number): string =>
      `Row has ${count} values, the header names 2: check its delimiters and quotes`;
    expect(await summary("id,name\n1\n2,b,c\n3,d\n")).toEqual([
      `2! ${message(1)}`,
      `3! ${message(3)}`,
      '4: {"id":"3","name":"d"}',
    ]);
  });

  it.each([
    ['1,24" tv', "a quote stands in a value that has none around it"],
    ['1,"a"b', "text follows a closing quote"],
    ['1,"a', "text follows a closing quote"],
    ['1,"a"\0b', "a NUL character follows a quote"],
  ])("loses no row behind the broken quote of %j", async (row, message) => {
    expect(await summary(`id,name\n${row}\n2,b\n3,"c"\n`)).toEqual([
      `2! Row is broken: ${message}`,
      '3: {"id":"2","name":"b"}',
      '4: {"id":"3","name":"c"}',
    ]);
  });

  it("reports a quote that is never closed, at the end and beyond the bound, and reads the rest", async () => {
    const rows = Array.from({ length: 50 }, (_, index) => `${index},name-${index}`);
    const records = await summary(`id,name\n1,"open\n${rows.join("\n")}`, 100);
    expect(records[0]).toBe("2! Row is broken: a quote is never closed");
    expect(records).toHaveLength(51);
  });

  it("reports a line above the bound, and a row whose record would be", async () => {
    expect(await summary(`id,name\n1,${"x".repeat(200)}\n2,${"y".repeat(95)}\n3,c`, 100)).toEqual([
      "2! Record is longer than 100 bytes: split it, or check for a missing line end",
      "3! Record is longer than 100 bytes: split it, or check for a missing line end",
      '4: {"id":"3","name":"c"}',
    ]);
  });

  it("reads back what was written, whatever the chunks are", async () => {
    const value = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('"', '""', ",", "\n", "\r\n", "a,b"),
    );
    const rows = fc.array(fc.tuple(value, value), { maxLength: 12 });
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(rows, sizes, async (rows, sizes) => {
        const quoted = rows.map((row) =>
          row.map((each) => `"${each.replaceAll('"', '""')}"`).join(","),
        );
        const records = await read(["id,name", ...quoted].join("\n"), sizes);
        const expected = rows
          .filter((row) => row.some((each) => each.trim() !== ""))
          .map(([id, name]) => ({ ...(id !== "" && { id }), ...(name !== "" && { name }) }));
        expect(records.map((each) => JSON.parse(each.text))).toEqual(expected);
      }),
      { seed: 20260131, numRuns: 300 },
    );
  });
});
