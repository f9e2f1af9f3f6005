import { problem } from "./schemas.ts";

const MEANINGS: Readonly<Record<number, string>> = {
  400: "The request cannot be understood; errors names the place",
  401: "No key, a wrong key, or a wrong signature",
  404: "There is no such connector or run",
  409: "The connector is disabled, or the run takes nothing more, or cannot be sealed",
  413: "The body is too large",
  415: "The body is neither JSON nor NDJSON, or is compressed by something else than gzip",
  422: "The Idempotency-Key was used for other content",
  429: "Too many requests; wait as Retry-After says",
  503: "Not now; wait as Retry-After says",
};

/** How a call may be refused, for the description. */
export function refusals(...statuses: readonly number[]): Record<number, object> {
  const content = { "application/problem+json": { schema: problem } };
  return Object.fromEntries(
    statuses.map((status) => [status, { description: MEANINGS[status], content }]),
  );
}
