import type { LetterContent, RawRecord } from "@sluice/inventory";
import { identityOf } from "./refused-asset.ts";

/** A longer record is shown by its beginning. */
const RAW_CHARS_MAX = 65_536;
/** Of an asset that Qualys refused, so much is kept that its record can be sent again. */
const REFUSED_RAW_CHARS_MAX = 1_048_576;
const MESSAGE_CHARS_MAX = 10_000;

/** A letter of bounded size: what is longer is cut, and of the record it says so. */
export function boundedLetter(
  letter: LetterContent,
  rawCharsMax: number = RAW_CHARS_MAX,
): LetterContent {
  const { raw, asset } = letter;
  const message = letter.message.slice(0, MESSAGE_CHARS_MAX);
  return {
    ...letter,
    message,
    raw: beginningOf(raw, rawCharsMax),
    ...(raw.length > rawCharsMax && { rawChars: raw.length }),
    ...(asset !== undefined && { asset: beginningOf(asset, RAW_CHARS_MAX) }),
  };
}

/** The letter about an asset that Qualys did not take: the record as its source had it, and the asset as it was sent. */
export function letterAbout(
  body: Buffer,
  reason: string,
  message: string,
  record: RawRecord,
): LetterContent {
  const key = identityOf(body).sourceNativeKey;
  const letter = { key, reason, path: "", message, ...record, asset: body.toString() };
  return boundedLetter(letter, REFUSED_RAW_CHARS_MAX);
}

/** Never ends within a character. */
function beginningOf(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : text.slice(0, charsMax).replace(/[\uD800-\uDBFF]$/, "");
}
