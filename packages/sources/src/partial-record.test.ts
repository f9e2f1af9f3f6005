import { describe, expect, it } from "vitest";
import { PartialRecord } from "./partial-record.ts";

describe("PartialRecord", () => {
  it("gives back what was appended, and begins anew", () => {
    const record = new PartialRecord(10);
    record.append(Buffer.from("ab"));
    record.append(Buffer.from(""));
    record.append(Buffer.from("cd"));
    expect(record.take().toString()).toBe("abcd");
    expect(record.take().length).toBe(0);
  });

  it("keeps no more than the bound and one piece, and is then longer than the bound", () => {
    const record = new PartialRecord(1000);
    for (let turn = 0; turn < 1_000_000; turn += 1) record.append(Buffer.from("0123456789"));
    expect(record.take().length).toBe(1010);
  });

  it("is blank with nothing but white space", () => {
    const record = new PartialRecord(10);
    expect(record.isBlank()).toBe(true);
    record.append(Buffer.from(" \r\n\t"));
    expect(record.isBlank()).toBe(true);
    record.append(Buffer.from("x"));
    expect(record.isBlank()).toBe(false);
  });
});
