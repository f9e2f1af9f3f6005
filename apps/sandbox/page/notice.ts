import { h } from "./element.ts";

const shownMs = 6_000;

/** Tells something in passing: seen in the corner, and read out by screen readers. */
export function notify(text: string, kind: "good" | "bad" = "good"): void {
  const notice = h("p", { class: `notice ${kind}` }, text);
  document.getElementById("notices")?.append(notice);
  setTimeout(() => notice.remove(), shownMs);
}

/** Tells of a failure. */
export function complain(error: unknown): void {
  notify(error instanceof Error ? error.message : String(error), "bad");
}
