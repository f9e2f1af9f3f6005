import {
  load,
  type Asset,
  type Finding,
  type Port,
  type Software,
  type SourceRecord,
} from "./api.ts";
import { fill, h, type Child } from "./element.ts";
import { counted } from "./format.ts";
import { identificationLog } from "./identification-log.ts";
import { inventoryAddress } from "./inventory-screen.ts";
import { onChange } from "./live.ts";
import { badge, badges, facts, panel, severityBadge, when } from "./marks.ts";
import { createTable, type Column } from "./table.ts";
import type { Screen } from "./visit.ts";

const rowsShown = 12;

/** One asset: what was merged, from which sources, and how it was recognised. */
export const assetScreen: Screen = async ({ path: [id = ""], signal }) => {
  const content = h("div", {});
  let shown = "";
  async function refresh(): Promise<void> {
    const asset = await load<Asset>(`assets/${encodeURIComponent(id)}`, signal);
    const look = JSON.stringify(asset);
    if (look === shown) return;
    shown = look;
    fill(content, head(asset), ...parts(asset));
  }
  await refresh();
  onChange(refresh, { signal });
  return content;
};

function head(asset: Asset): HTMLElement {
  return h(
    "div",
    { class: "head" },
    h("a", { class: "crumb", href: inventoryAddress() }, "← Inventory"),
    h("h1", {}, asset.name ?? `Asset ${asset.id}`),
    h(
      "span",
      { class: "badges" },
      badge(`Asset ${asset.id}`),
      asset.severity > 0 && severityBadge(asset.severity),
    ),
  );
}

function parts(asset: Asset): HTMLElement[] {
  const { findings, softwares, ports, records, identificationLog: log } = asset;
  const nameOf = new Map(
    records.map(({ connectorUuid, connectorName }) => [connectorUuid, connectorName]),
  );
  const from = ({ connectors }: { connectors: readonly string[] }) =>
    connectors.map((uuid) => nameOf.get(uuid) ?? uuid).join(", ");
  const worstFirst = findings.toSorted((a, b) => (b.severity ?? 0) - (a.severity ?? 0));
  const origin = { title: "From", cell: from };
  return [
    h(
      "div",
      { class: "stack" },
      listPanel("Findings", "finding", worstFirst, [...findingColumns, origin]),
      h(
        "div",
        { class: "columns" },
        attributes(asset),
        h("div", { class: "stack" }, identificationLog(log), sources(records)),
      ),
      h(
        "div",
        { class: "columns" },
        listPanel("Software", "entry", softwares, [...softwareColumns, origin]),
        listPanel("Ports", "port", ports, [...portColumns, origin]),
      ),
    ),
  ];
}

function attributes({
  name,
  address,
  operatingSystem,
  sources,
  createdAtMs,
  updatedAtMs,
  attributes,
}: Asset) {
  const main: [string, Child][] = [
    ["Name", name ?? "–"],
    ["Address", address ?? "–"],
    ["Operating system", operatingSystem ?? "–"],
    ["Sources", badges(sources)],
    ["Created", when(createdAtMs)],
    ["Updated", when(updatedAtMs)],
  ];
  const details = flatten(attributes).map(
    ([path, value]) => [path, h("span", { class: "mono" }, value)] as const,
  );
  return panel(
    "Attributes",
    {},
    facts(main),
    h("details", { open: true }, h("summary", {}, "As merged"), facts(details)),
  );
}

/** Every plain value with the path that leads to it, the two outer groups left out; nulls are none. */
function flatten(value: unknown, path: readonly string[] = []): [string, string][] {
  if (value === null || value === undefined) return [];
  const isList = Array.isArray(value) && value.every((item) => typeof item !== "object");
  if (typeof value !== "object" || isList) {
    const text = isList ? value.join(", ") : textOf(value);
    return text === "" ? [] : [[path.slice(1).join("."), text]];
  }
  return Object.entries(value).flatMap(([name, inner]) => flatten(inner, [...path, name]));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

const findingColumns: readonly Column<Finding>[] = [
  { title: "Finding", kind: "main", cell: ({ id }) => id },
  { title: "Name", cell: ({ id, name }) => (name === id ? null : name) },
  { title: "Severity", cell: ({ severity }) => severityBadge(severity) },
  { title: "Status", cell: ({ findingStatus }) => findingStatus && statusBadge(findingStatus) },
  { title: "Category", cell: ({ category }) => category },
  { title: "Port", cell: portText },
];

const softwareColumns: readonly Column<Software>[] = [
  { title: "Software", kind: "main", cell: ({ name }) => name },
  { title: "Version", cell: ({ version }) => version },
];

const portColumns: readonly Column<Port & { connectors: readonly string[] }>[] = [
  { title: "Port", kind: "main", cell: portText },
];

function portText({ port, protocol }: Port): string {
  return [port, protocol].filter((part) => part !== null && part !== undefined).join(" ");
}

function statusBadge(status: string): HTMLElement {
  return badge(status, status === "FIXED" ? "good" : status === "ACTIVE" ? "warn" : "plain");
}

/** A list in a table of its own, without the columns that nothing stands in; a long one in part, until the rest is asked for. */
function listPanel<Row>(
  title: string,
  noun: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
) {
  const filled = columns.filter(({ cell }) => rows.some((row) => cell(row)));
  const table = createTable({
    caption: title,
    columns: filled,
    keyOf: (_row: Row, index) => index,
  });
  const more = h("button", { class: "small", type: "button" }, `Show all ${rows.length}`);
  more.addEventListener("click", () => {
    table.show(rows);
    more.remove();
  });
  table.show(rows.slice(0, rowsShown), `No ${title.toLowerCase()} were pushed for this asset`);
  table.node.classList.remove("panel");
  return panel(
    title,
    { lead: counted(rows.length, noun).replace("entrys", "entries") },
    table.node,
    rows.length > rowsShown && more,
  );
}

function sources(records: readonly SourceRecord[]): HTMLElement {
  const parts = records.map(
    ({
      connectorName,
      connectorUuid,
      sourceNativeKey,
      source,
      createdAtMs,
      updatedAtMs,
      received,
    }) =>
      h(
        "div",
        { class: "source" },
        h("h3", {}, connectorName),
        facts([
          ["Source", source ?? "–"],
          ["Source native key", h("span", { class: "mono" }, sourceNativeKey)],
          ["Connector", h("span", { class: "mono" }, connectorUuid)],
          ["First seen", when(createdAtMs)],
          ["Last changed", when(updatedAtMs)],
        ]),
        h(
          "details",
          {},
          h("summary", {}, "As it was pushed"),
          h("pre", {}, JSON.stringify(received, null, 2)),
        ),
      ),
  );
  return panel(
    "Sources",
    { lead: counted(records.length, "source") },
    h("div", { class: "columns" }, ...parts),
  );
}
