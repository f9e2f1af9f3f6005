import { load, type AssetRow, type Connector } from "./api.ts";
import { h } from "./element.ts";
import { choice, field } from "./fields.ts";
import { counted, grouped } from "./format.ts";
import { onChange } from "./live.ts";
import { badges, severityBadge, when } from "./marks.ts";
import { complain } from "./notice.ts";
import { createPager } from "./pager.ts";
import { createTable, type Column } from "./table.ts";
import { address, type Screen } from "./visit.ts";

const pageSize = 50;
const typingMs = 200;

/** Each looks for a text inside one attribute. */
const texts = [
  ["name", "Name"],
  ["address", "Address"],
  ["os", "Operating system"],
  ["source", "Source"],
] as const;

const severities = [
  ["", "any"],
  ["5", "5"],
  ["4", "4 or worse"],
  ["3", "3 or worse"],
  ["2", "2 or worse"],
  ["1", "1 or worse"],
] as const;

let lastAddress = address(["inventory"]);

/** Where the inventory was left: with its filters. */
export function inventoryAddress(): string {
  return lastAddress;
}

/** The assets of all connectors in one list. */
export const inventoryScreen: Screen = async ({ query, signal }) => {
  const { connectors } = await load<{ connectors: Connector[] }>("connectors", signal);
  const form = filterForm(query, connectors);
  const nameOf = new Map(connectors.map(({ uuid, name }) => [uuid, name]));
  const table = createTable({
    caption: "Assets",
    columns: columnsWith(nameOf),
    keyOf: ({ id }: AssetRow) => id,
  });
  const pager = createPager(() => void refresh().catch(complain), "the inventory");

  async function refresh(): Promise<void> {
    const wanted = filtersOf(form);
    const page = new URLSearchParams({ ...Object.fromEntries(wanted), limit: String(pageSize) });
    if (pager.after !== null) page.set("after", pager.after);
    const [{ assets, next }, { count }] = await Promise.all([
      load<{ assets: AssetRow[]; next: string | null }>(`assets?${page}`, signal),
      load<{ count: number }>(`assets/count?${wanted}`, signal),
    ]);
    table.show(assets, emptiness(wanted.size > 0));
    const first = pager.passed * pageSize + 1;
    const range = `${grouped(first)}–${grouped(first + assets.length - 1)} of ${counted(count, "asset")}`;
    pager.show(assets.length === 0 ? "No assets" : range, next);
  }

  const remember = () => {
    lastAddress = address(["inventory"], filtersOf(form));
  };
  let typing: ReturnType<typeof setTimeout> | undefined;
  const filter = () => {
    pager.restart();
    remember();
    history.replaceState(null, "", lastAddress);
    clearTimeout(typing);
    typing = setTimeout(() => void refresh().catch(complain), typingMs);
  };
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());

  remember();
  await refresh();
  onChange(refresh, { signal });
  return h(
    "div",
    { class: "stack" },
    h(
      "div",
      { class: "head" },
      h("h1", {}, "Inventory"),
      h("div", { class: "actions" }, pager.node),
    ),
    form,
    table.node,
  );
};

function filterForm(query: URLSearchParams, connectors: readonly Connector[]): HTMLFormElement {
  const input = (name: string, placeholder = "") =>
    h("input", { name, type: "search", placeholder, value: query.get(name) ?? "" });
  const names = connectors.map(({ uuid, name }) => [uuid, name] as const);
  const connector = choice("connector", [["", "all"], ...names], query.get("connector") ?? "");
  const search = field(
    "Search",
    input("search", "name, address, operating system, source native key"),
  );
  search.classList.add("broad");
  return h(
    "form",
    { class: "panel roomy", role: "search", "aria-label": "Filter the assets" },
    h(
      "div",
      { class: "fields across" },
      search,
      field("Connector", connector),
      field("Open findings", choice("severity", severities, query.get("severity") ?? "")),
      h("button", { type: "reset" }, "Clear"),
    ),
    h(
      "details",
      { open: texts.some(([name]) => query.has(name)) },
      h("summary", {}, "More filters"),
      h(
        "div",
        { class: "fields across" },
        ...texts.map(([name, label]) => field(label, input(name))),
      ),
    ),
  );
}

/** The filters that are set. */
function filtersOf(form: HTMLFormElement): URLSearchParams {
  const set = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value.trim() !== "") set.set(name, value.trim());
  }
  return set;
}

function emptiness(isFiltered: boolean): HTMLElement {
  if (isFiltered)
    return h(
      "div",
      {},
      h("strong", {}, "No asset fits"),
      h("p", {}, "Take a filter away, or clear them all."),
    );
  return h(
    "div",
    {},
    h("strong", {}, "No assets yet"),
    h("p", {}, "Push some: a connector's page has the commands. They appear here by themselves."),
    h("a", { class: "button", href: "#/connectors" }, "To the connectors"),
  );
}

function columnsWith(nameOf: ReadonlyMap<string, string>): Column<AssetRow>[] {
  return [
    {
      title: "Name",
      kind: "main",
      cell: ({ id, name }) => h("a", { href: address(["inventory", id]) }, name ?? `Asset ${id}`),
    },
    { title: "Address", cell: ({ address }) => address && h("span", { class: "mono" }, address) },
    { title: "Operating system", cell: ({ operatingSystem }) => operatingSystem },
    { title: "Sources", cell: ({ sources }) => badges(sources) },
    {
      title: "Connectors",
      cell: ({ connectors }) => connectors.map((uuid) => nameOf.get(uuid) ?? uuid).join(", "),
    },
    { title: "Worst open finding", cell: ({ severity }) => severityBadge(severity) },
    { title: "Updated", cell: ({ updatedAtMs }) => when(updatedAtMs) },
  ];
}
