import jsonata from "jsonata";
import { CannotMap } from "./cannot-map.ts";

/*
 * JSONata's own `$toMillis` goes by where and when it runs: a time of day without a zone is in the zone of the process, and what
 * a picture leaves out in front, such as the year, is today's.
 */

type ToMillis = (
  this: { environment: { timestamp: Date } },
  text: string | undefined,
  picture: string | undefined,
) => number | undefined;

type FromMillis = (this: unknown, ms: number, picture: string) => string;

const { implementation } = (await jsonata("$toMillis").evaluate(null)) as {
  implementation: ToMillis;
};
const { implementation: fromMillis } = (await jsonata("$fromMillis").evaluate(null)) as {
  implementation: FromMillis;
};

const NO_TODAY = new Proxy(new Date(0), {
  get() {
    throw new CannotMap("the picture names no year, and today's is another one next time; add it");
  },
});

const ZONELESS = /T[\d:.]+$/;

/**
 * `$toMillis` for mappings: the same text always gives the same. A time of day without a zone is UTC. Text that the picture does not
 * fit, a 13th month among it, gives text that says so: as a date it is left out, with a warning.
 */
export function toMillis(text: string | undefined, picture?: string): number | string | undefined {
  const zoned = text !== undefined && picture === undefined && ZONELESS.test(text);
  const ms = implementation.call(
    { environment: { timestamp: NO_TODAY } },
    zoned ? `${text}Z` : text,
    picture,
  );
  if (text === undefined || text.trim() === "" || picture === undefined) return ms;
  const isMeant = ms !== undefined && !isCarriedOver(text, picture, ms);
  return isMeant ? ms : `"${text}" does not fit "${picture}"`;
}

/** Whether a number of the text was too large for its place, so that it went into the next: JSONata takes `32.13.2026` for a date. */
function isCarriedOver(text: string, picture: string, ms: number): boolean {
  // What is written in another zone, or with fewer digits, is told otherwise, and still the same.
  if (/\[[Zzf]/.test(picture)) return false;
  const [given, told] = [text, fromMillis.call({}, ms, picture)].map(numbersIn);
  return (
    given?.length === told?.length &&
    given?.some((number, index) => number !== told?.[index]) === true
  );
}

function numbersIn(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}

/** What it takes and gives, in JSONata's notation. */
export const TO_MILLIS_SIGNATURE = "<s-s?:n>";
