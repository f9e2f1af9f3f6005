import { h, type Child } from "./element.ts";
import { clock, instant } from "./format.ts";

type Tone = "good" | "warn" | "bad" | "accent" | "plain";

/** A small coloured label; the colour never says more than the text. */
export function badge(text: string, tone: Tone = "plain"): HTMLElement {
  return h("span", { class: `badge ${tone}` }, text);
}

export function badges(texts: readonly string[], tone?: Tone): HTMLElement {
  return h("span", { class: "badges" }, ...texts.map((text) => badge(text, tone)));
}

const severities = ["None", "1 Minimal", "2 Medium", "3 Serious", "4 Critical", "5 Urgent"];

/** A severity from 1 to 5; 0 or nothing is an absent one. */
export function severityBadge(severity: number | null | undefined): Child {
  if (!severity) return h("span", { class: "quiet" }, "–");
  const tone = severity >= 4 ? "bad" : severity === 3 ? "warn" : "plain";
  return badge(severities[severity] ?? String(severity), tone);
}

/** An instant: the time where it is of today, else the date with it. */
export function when(atMs: number | null): Child {
  if (atMs === null) return h("span", { class: "quiet" }, "never");
  const isToday = new Date(atMs).toDateString() === new Date().toDateString();
  const text = isToday ? clock(atMs) : instant(atMs);
  return h("time", { datetime: new Date(atMs).toISOString(), title: instant(atMs) }, text);
}

/** Names with their values. */
export function facts(entries: readonly (readonly [string, Child])[]): HTMLElement {
  const parts = entries.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
  return h("dl", { class: "facts" }, ...parts);
}

/** A part of a screen with its heading. */
export function panel(
  title: string,
  options: { lead?: Child; actions?: Child },
  ...children: Child[]
) {
  const { lead, actions } = options;
  const id = `panel-${title.toLowerCase().replaceAll(/\W+/g, "-")}`;
  return h(
    "section",
    { class: "panel roomy", "aria-labelledby": id },
    h(
      "header",
      {},
      h("h2", { id }, title),
      lead && h("p", {}, lead),
      actions && h("div", { class: "actions" }, actions),
    ),
    ...children,
  );
}
