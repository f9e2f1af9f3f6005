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

const { implementation } = (await jsonata("$toMillis").evaluate(null)) as {
  implementation: ToMillis;
};

const NO_TODAY = new Proxy(new Date(0), {
  get() {
    throw new CannotMap("the picture names no year, and today's is another one next time; add it");
  },
});

const ZONELESS = /T[\d:.]+$/;

/** `$toMillis` for mappings: the same text always gives the same. A time of day without a zone is UTC. */
export function toMillis(text: string | undefined, picture?: string): number | undefined {
  const zoned = text !== undefined && picture === undefined && ZONELESS.test(text);
  return implementation.call(
    { environment: { timestamp: NO_TODAY } },
    zoned ? `${text}Z` : text,
    picture,
  );
}

/** What it takes and gives, in JSONata's notation. */
export const TO_MILLIS_SIGNATURE = "<s-s?:n>";
