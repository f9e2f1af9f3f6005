import { describe, expect, it } from "vitest";
import { boundedLetter, letterAbout } from "./letter.ts";

const RECORD = { source: "hosts.ndjson", line: 7, raw: '{"id":"k"}' };
const LETTER = { key: "k", reason: "schema", path: "os", message: "bad name", ...RECORD };

function body(sourceNativeKey: string): Buffer {
  return Buffer.from(JSON.stringify({ identityAttributes: { sourceNativeKey } }));
}

describe("the letter about a refused asset", () => {
  it("has the record with its place, and the asset as it was sent", () => {
    const asset = body("k");
    expect(letterAbout(asset, "refused", "bad name", RECORD)).toEqual({
      ...LETTER,
      reason: "refused",
      path: "",
      asset: asset.toString(),
    });
  });

  it("keeps a record of a megabyte whole, so that it can be sent again", () => {
    const raw = JSON.stringify({ id: "k", note: "x".repeat(1_000_000) });
    expect(letterAbout(body("k"), "refused", "no", { ...RECORD, raw })).toMatchObject({ raw });
  });
});

describe("a letter", () => {
  it("of a usual size is kept as it is", () => {
    expect(boundedLetter(LETTER)).toEqual(LETTER);
  });

  it("about a long record has its beginning, and says how long it was", () => {
    const raw = "x".repeat(100_000);
    expect(boundedLetter({ ...LETTER, raw })).toEqual({
      ...LETTER,
      raw: raw.slice(0, 65_536),
      rawChars: 100_000,
    });
  });

  it("never ends within a character", () => {
    const raw = `${"x".repeat(65_535)}\u{1F600} and more`;
    expect(boundedLetter({ ...LETTER, raw }).raw).toBe("x".repeat(65_535));
  });

  it("has no message or asset without end", () => {
    const letter = { ...LETTER, message: "m".repeat(20_000), asset: "a".repeat(100_000) };
    const { message, asset } = boundedLetter(letter);
    expect([message.length, asset?.length]).toEqual([10_000, 65_536]);
  });
});
