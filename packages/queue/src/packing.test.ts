import { describe, expect, it } from "vitest";
import { packLines, packTexts, unpackLines } from "./packing.ts";

function lines(...texts: readonly string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text));
}

describe("packed lines", () => {
  it("unpack to what they were, byte for byte", () => {
    for (const texts of [["a", "b"], ["é 😀", ""], ["one"], [""]]) {
      const unpacked = unpackLines(packLines(lines(...texts)));
      expect(unpacked.map((line) => line.toString())).toEqual(texts);
    }
  });

  it("are the same, from texts or from bytes", () => {
    for (const texts of [["a", "é 😀"], ["one"], [""]]) {
      expect(packTexts(texts)).toEqual(packLines(lines(...texts)));
    }
  });

  it("begin with the format, and one that is newer is refused by its number", () => {
    const packed = packLines(lines("a"));
    expect(packed[0]).toBe(1);
    packed[0] = 2;
    expect(() => unpackLines(packed)).toThrow(
      "Cannot read a value of format 2: this version knows 1; upgrade this process",
    );
  });

  it("are refused when they are damaged", () => {
    const packed = packLines(lines("abc".repeat(100)));
    expect(() => unpackLines(packed.subarray(0, packed.length - 4))).toThrow();
    expect(() => unpackLines(Buffer.concat([Buffer.of(1), Buffer.from("plain")]))).toThrow();
  });
});
