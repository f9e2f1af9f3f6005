import type { Chart } from "./api.ts";
import { fill, h, svg } from "./element.ts";
import { clock, counted, grouped, lasting } from "./format.ts";

const height = 220;
const widthMin = 240;
/** Of the figure, both sides. */
const padding = 36;
const edge = { top: 14, right: 12, bottom: 24, left: 44 };
const refusedHeightMin = 3;

/** A chart that is drawn anew with each `show`, and whenever its place becomes wider or narrower. */
export interface CallsChart {
  readonly node: HTMLElement;
  show(chart: Chart): void;
}

export function createChart(): CallsChart {
  const node = h("figure", { class: "panel roomy chart" });
  let shown: Chart | undefined;
  const draw = () => {
    if (shown !== undefined && node.isConnected) drawChart(node, shown);
  };
  new ResizeObserver(draw).observe(node);
  return {
    node,
    show(chart) {
      shown = chart;
      draw();
    },
  };
}

/** How full the window was over time, the limit above it, and the refused calls at the bottom. */
function drawChart(figure: HTMLElement, chart: Chart): void {
  const { points, limit, windowMs } = chart;
  const width = Math.max(widthMin, figure.clientWidth - padding);
  const highest = Math.max(limit, ...points.map(({ inWindow }) => inWindow)) * 1.08;
  const x = (index: number) =>
    edge.left + (index / Math.max(1, points.length - 1)) * (width - edge.left - edge.right);
  const y = (calls: number) =>
    height - edge.bottom - (calls / highest) * (height - edge.top - edge.bottom);
  const line = points.map(
    ({ inWindow }, index) => `${x(index).toFixed(1)},${y(inWindow).toFixed(1)}`,
  );
  const floor = y(0).toFixed(1);
  fill(
    figure,
    h(
      "figcaption",
      {},
      key("", `calls in the last ${lasting(windowMs)}`),
      key("limit", `limit: ${grouped(limit)}`),
      key("refused", "refused"),
      h("span", { class: "unseen" }, summary(chart)),
    ),
    svg(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
      ...ticks(limit).flatMap((calls) => [
        svg("line", {
          class: "grid",
          x1: edge.left,
          x2: width - edge.right,
          y1: y(calls),
          y2: y(calls),
        }),
        svg("text", { x: edge.left - 8, y: y(calls) + 4, "text-anchor": "end" }, grouped(calls)),
      ]),
      svg("polygon", {
        class: "fill",
        points: `${x(0)},${floor} ${line.join(" ")} ${x(points.length - 1)},${floor}`,
      }),
      svg("polyline", { class: "stroke", points: line.join(" ") }),
      ...refusals(chart, x, y),
      svg("line", {
        class: "limit",
        x1: edge.left,
        x2: width - edge.right,
        y1: y(limit),
        y2: y(limit),
      }),
      ...times(chart, x),
    ),
  );
}

function refusals(
  { points, limit }: Chart,
  x: (index: number) => number,
  y: (calls: number) => number,
) {
  return points.flatMap(({ refused }, index) => {
    if (refused === 0) return [];
    const tall = Math.max(refusedHeightMin, y(0) - y(Math.min(refused, limit)));
    return [
      svg("rect", { class: "refused", x: x(index) - 1.5, y: y(0) - tall, width: 3, height: tall }),
    ];
  });
}

function times({ points }: Chart, x: (index: number) => number): SVGElement[] {
  const last = points.length - 1;
  const shown = last < 2 ? [last] : [0, Math.round(last / 2), last];
  return shown.flatMap((index) => {
    const point = points[index];
    if (point === undefined) return [];
    const anchor = index === 0 ? "start" : index === last ? "end" : "middle";
    return [svg("text", { x: x(index), y: height - 6, "text-anchor": anchor }, clock(point.atMs))];
  });
}

/** Zero, the middle where it is a whole number, and the limit. */
function ticks(limit: number): number[] {
  return limit % 2 === 0 ? [0, limit / 2, limit] : [0, limit];
}

function key(kind: string, text: string): HTMLElement {
  return h("span", {}, h("i", { class: `swatch ${kind}` }), text);
}

function summary({ points, limit }: Chart): string {
  const now = points.at(-1)?.inWindow ?? 0;
  const most = Math.max(0, ...points.map(({ inWindow }) => inWindow));
  const refused = points.reduce((sum, point) => sum + point.refused, 0);
  return `${counted(now, "call")} now, at most ${grouped(most)}, of ${grouped(limit)} allowed; ${grouped(refused)} refused`;
}
