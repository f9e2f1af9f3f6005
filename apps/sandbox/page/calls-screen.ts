import { load, type Call, type Chart } from "./api.ts";
import { createChart } from "./calls-chart.ts";
import { fill, h, type Child } from "./element.ts";
import { choice, field } from "./fields.ts";
import { grouped, lasting, sized } from "./format.ts";
import { onChange } from "./live.ts";
import { badge } from "./marks.ts";
import { complain } from "./notice.ts";
import { createPager } from "./pager.ts";
import { createTable, type Column } from "./table.ts";
import type { Screen } from "./visit.ts";

const pageSize = 50;
/** The window moves on though nobody calls. */
const redrawnEveryMs = 2_000;

const endpoints = [
  ["import", "import"],
  ["search", "search"],
  ["count", "count"],
  ["get", "get"],
] as const;

const spans = [
  ["", "the window"],
  ["60000", "1 min"],
  ["600000", "10 min"],
  ["3600000", "1 h"],
  ["86400000", "24 h"],
] as const;

/** The audit: each call, and the calls in the window against the limit. */
export const callsScreen: Screen = async ({ signal }) => {
  const endpoint = choice("endpoint", endpoints, "import");
  const span = choice("span", spans);
  const pause = h("button", { type: "button", "aria-pressed": "false" }, "Pause");
  const figures = h("dl", { class: "figures" });
  const chart = createChart();
  const table = createTable({
    caption: "Calls, newest first",
    columns,
    keyOf: ({ number }: Call) => number,
  });
  const pager = createPager(() => void refresh().catch(complain), "the audit");
  let isPaused = false;

  async function refresh(): Promise<void> {
    const after = pager.after === null ? "" : `&after=${pager.after}`;
    const spanMs = span.value === "" ? "" : `&spanMs=${span.value}`;
    const [drawn, { calls, next }] = await Promise.all([
      load<Chart>(`audit/chart?endpoint=${endpoint.value}${spanMs}`, signal),
      load<{ calls: Call[]; next: string | null }>(
        `audit?endpoint=${endpoint.value}&limit=${pageSize}${after}`,
        signal,
      ),
    ]);
    fill(figures, ...figuresOf(drawn, calls));
    chart.show(drawn);
    table.show(calls, emptiness());
    pager.show(
      calls.length === 0 ? "No calls" : `Calls ${calls.at(-1)?.number} to ${calls[0]?.number}`,
      next,
    );
  }

  const again = () => {
    pager.restart();
    void refresh().catch(complain);
  };
  endpoint.addEventListener("change", again);
  span.addEventListener("change", again);
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) again();
  });

  await refresh();
  onChange(async () => (isPaused ? undefined : await refresh()), {
    signal,
    everyMs: redrawnEveryMs,
  });
  return h(
    "div",
    { class: "stack" },
    h(
      "div",
      { class: "head" },
      h("h1", {}, "Calls"),
      h(
        "div",
        { class: "actions choosing" },
        field("Endpoint", endpoint),
        field("Chart of", span),
        pause,
      ),
    ),
    figures,
    chart.node,
    h("div", { class: "actions" }, h("h2", {}, "Audit"), pager.node),
    table.node,
  );
};

function figuresOf({ points, limit, windowMs }: Chart, calls: readonly Call[]): HTMLElement[] {
  const inWindow = points.at(-1)?.inWindow ?? 0;
  const refused = points.reduce((sum, point) => sum + point.refused, 0);
  const running = calls.filter(({ endedAtMs }) => endedAtMs === null).length;
  const carried = calls.filter(({ status, assetCount }) => status === 200 && assetCount);
  const assets = carried.reduce((sum, { assetCount }) => sum + (assetCount ?? 0), 0);
  return [
    figure("In the window", grouped(inWindow), `of ${grouped(limit)} in ${lasting(windowMs)}`),
    figure("Left", grouped(Math.max(0, limit - inWindow)), "calls"),
    figure("Refused", grouped(refused), "in the chart"),
    figure("Running", grouped(running), "now"),
    figure(
      "Assets a call",
      carried.length === 0 ? "–" : (assets / carried.length).toFixed(1),
      "of those listed",
    ),
  ];
}

function figure(title: string, value: string, unit: string): HTMLElement {
  return h(
    "div",
    { class: "panel figure" },
    h("dt", {}, title),
    h("dd", {}, `${value} `, h("small", {}, unit)),
  );
}

function emptiness(): HTMLElement {
  return h(
    "div",
    {},
    h("strong", {}, "No call yet"),
    h("p", {}, "Each call appears here as it arrives: when, how large, what became of it."),
    h("a", { class: "button", href: "#/connectors" }, "To the connectors"),
  );
}

const columns: readonly Column<Call>[] = [
  { title: "No.", cell: ({ number }) => h("span", { class: "quiet" }, number) },
  { title: "Time", cell: ({ atMs }) => preciseTime(atMs) },
  { title: "Verdict", cell: (call) => verdictOf(call) },
  { title: "Assets", kind: "number", cell: ({ assetCount }) => assetCount ?? "–" },
  { title: "Size", kind: "number", cell: ({ bytes }) => sized(bytes) },
  {
    title: "Took",
    kind: "number",
    cell: ({ atMs, endedAtMs }) => (endedAtMs === null ? "…" : lasting(endedAtMs - atMs)),
  },
  {
    title: "Window",
    kind: "number",
    cell: ({ inWindow, limit }) => `${grouped(inWindow)} / ${grouped(limit)}`,
  },
  {
    title: "Request",
    cell: ({ requestId, message }) => [
      requestId !== null && h("span", { class: "mono" }, requestId),
      message !== null && h("span", { class: "hint block" }, message),
    ],
  },
];

function verdictOf({ admission, status, fault, endedAtMs }: Call): Child {
  const marks = [
    statusBadge(admission, status, endedAtMs),
    fault !== null && badge(`fault: ${fault}`, "accent"),
  ];
  return h("span", { class: "badges" }, ...marks);
}

function statusBadge(
  admission: Call["admission"],
  status: number | null,
  endedAtMs: number | null,
): HTMLElement {
  if (endedAtMs === null) return badge("running", "accent");
  const shown = status ?? "no answer";
  if (admission !== "admitted") return badge(`${shown} ${admission}`, "bad");
  if (status === null || status >= 500) return badge(String(shown), "bad");
  return badge(String(shown), status < 300 ? "good" : "warn");
}

function preciseTime(atMs: number): HTMLElement {
  const at = new Date(atMs);
  const text = `${at.toLocaleTimeString("sv-SE")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
  return h("time", { datetime: at.toISOString(), title: at.toLocaleString("sv-SE") }, text);
}
