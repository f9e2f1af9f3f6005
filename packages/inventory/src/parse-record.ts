import { isExact } from "./exact-number.ts";

/**
 * A number, as JSON has it outside of strings, of which JavaScript may keep less than its digits: sixteen and more of
 * them, zeros at the end of a fraction, an exponent. Inside of a string it costs a second look and changes nothing.
 */
const INEXACT = /[:[,]\s*-?(?:\d{16}|\d+\.(?:\d*0(?!\d)|\d{15})|\d+(?:\.\d+)?[eE])/;

/** `JSON.parse` as ECMAScript has it since a reviver is told how a primitive was written. */
type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;
const parseWithSource = JSON.parse as ParseWithSource;

/**
 * The value of a JSON text. A number that would lose digits is given as the text that its source wrote: version 1.10 is
 * not 1.1, and serial number 12345678901234567890 ends in no other digits.
 *
 * @throws SyntaxError if the text is not JSON
 */
export function parseRecord(text: string): unknown {
  if (!INEXACT.test(text)) return JSON.parse(text);
  try {
    return parseWithSource(text, keepDigits);
  } catch (error) {
    // Its numbers lie deeper than the stack reaches, so nobody will look at them.
    if (error instanceof RangeError) return JSON.parse(text);
    throw error;
  }
}

function keepDigits(_: string, value: unknown, { source }: { source?: string }): unknown {
  if (typeof value !== "number" || source === undefined) return value;
  const isPlain = !/[eE]/.test(source);
  const isKept = isPlain ? String(value) === source : isExact(value);
  return isKept ? value : source;
}
