import type { LogEntry } from "./api.ts";
import { h, type Child } from "./element.ts";
import { badge, panel, when } from "./marks.ts";
import { address } from "./visit.ts";

const tones = { created: "accent", merged: "good", dropped: "bad" } as const;

const results = {
  none: "no asset matches",
  one: "matches",
  several: "several match",
  "no-value": "the push has no value for it",
} as const;

/** How each push of an asset was recognised: the rules tried in order, and what came of it. Newest first. */
export function identificationLog(log: readonly LogEntry[]): HTMLElement {
  const lead = "How each push was recognised, newest first.";
  return panel("Identification log", { lead }, steps(log.toReversed()));
}

/** Entries of identification logs in the order they come in. */
export function steps(log: readonly LogEntry[]): HTMLElement {
  return h("ol", { class: "steps" }, ...log.map((entry) => h("li", {}, ...describe(entry))));
}

function describe({ outcome, reason, tried, atMs, sourceNativeKey, requestId }: LogEntry): Child[] {
  return [
    h(
      "p",
      { class: "badges" },
      badge(outcome, tones[outcome]),
      when(atMs),
      h("span", { class: "mono" }, sourceNativeKey),
    ),
    h("p", {}, reason),
    h("ul", {}, ...tried.map((attempt) => h("li", {}, `${attempt.rule}: `, ...resultOf(attempt)))),
    requestId !== null &&
      h("p", { class: "hint" }, "request ", h("span", { class: "mono" }, requestId)),
  ];
}

function resultOf({ result, assetIds }: LogEntry["tried"][number]): Child[] {
  const links = assetIds.map((id) => h("a", { href: address(["inventory", id]) }, `asset ${id}`));
  return [results[result], ...links.flatMap((link, index) => [index === 0 ? " " : ", ", link])];
}
