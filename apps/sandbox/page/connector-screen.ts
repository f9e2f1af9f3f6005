import {
  load,
  send,
  type Account,
  type Connector,
  type Identification,
  type LogEntry,
} from "./api.ts";
import { basicDetails, readBasicDetails } from "./connector-form.ts";
import { assetsOf, stateBadge, stateButton } from "./connectors-screen.ts";
import { copyButton } from "./copy-button.ts";
import { fill, h } from "./element.ts";
import { field, onSubmit, textOf } from "./fields.ts";
import { grouped } from "./format.ts";
import { steps } from "./identification-log.ts";
import { onChange } from "./live.ts";
import { facts, panel, when } from "./marks.ts";
import { notify } from "./notice.ts";
import { rulesEditor } from "./rules-editor.ts";
import type { Screen } from "./visit.ts";

const droppedShown = 20;

/** One connector: its UUID and how to push with it, its details, its identification rules. */
export const connectorScreen: Screen = async ({ path: [uuid = ""], signal }) => {
  const place = `connectors/${encodeURIComponent(uuid)}`;
  const [connector, identification, account, { requiredMeans }] = await Promise.all([
    load<Connector>(place, signal),
    load<Identification>(`${place}/identification`, signal),
    load<Account>("account", signal),
    load<{ requiredMeans: "selected" | "mandatory" }>("settings", signal),
  ]);
  const head = h("div", { class: "head" });
  const activity = h("div");
  const dropped = h("div");
  async function show(known: Connector): Promise<void> {
    fill(head, ...headOf(known));
    fill(activity, activityOf(known));
    if (known.counts.dropped > 0) fill(dropped, await droppedPanel(known, signal));
  }
  await show(connector);
  onChange(async () => await show(await load<Connector>(place, signal)), { signal });
  const lead = "Every push with this connector names it.";
  return h(
    "div",
    {},
    head,
    h(
      "div",
      { class: "stack" },
      panel("UUID", { lead }, uuidOf(connector), pushing(connector, account)),
      h(
        "div",
        { class: "columns" },
        h("div", { class: "stack" }, rulesEditor(place, identification, requiredMeans), dropped),
        h(
          "div",
          { class: "stack" },
          panel("Activity", {}, activity),
          detailsForm(place, connector),
        ),
      ),
    ),
  );
};

function headOf(connector: Connector): HTMLElement[] {
  return [
    h("a", { class: "crumb", href: "#/connectors" }, "← Connectors"),
    h("h1", {}, connector.name),
    stateBadge(connector.enabled),
    h(
      "div",
      { class: "actions" },
      h("a", { class: "button", href: assetsOf(connector) }, "View assets"),
      stateButton(connector, ""),
    ),
  ];
}

function uuidOf({ uuid, name }: Connector): HTMLElement {
  return h("p", { class: "key" }, h("code", {}, uuid), copyButton(uuid, `the UUID of ${name}`));
}

function pushing({ uuid }: Connector, { url, username, password }: Account): HTMLElement {
  const lines = [
    `export QUALYS_GATEWAY_URL=${url}`,
    `export QUALYS_USERNAME=${username}`,
    `export QUALYS_PASSWORD=${password}`,
    `export QUALYS_CONNECTOR_UUID=${uuid}`,
    "npx sluice push hosts.ndjson",
  ].join("\n");
  return h(
    "details",
    {},
    h("summary", {}, "Push something with it"),
    h("div", { class: "copyable" }, h("pre", {}, lines), copyButton(lines, "the commands")),
  );
}

/** The newest imports that led to no asset, and why. */
async function droppedPanel(
  { uuid, counts }: Connector,
  signal: AbortSignal,
): Promise<HTMLElement> {
  const query = new URLSearchParams({ connector: uuid, limit: String(droppedShown) });
  const { dropped } = await load<{ dropped: LogEntry[] }>(`dropped?${query}`, signal);
  const lead = `the newest of ${grouped(counts.dropped)}`;
  return panel("Dropped imports", { lead }, steps(dropped));
}

function activityOf({ counts, lastActivityMs, createdAtMs }: Connector): HTMLElement {
  return facts([
    ["Assets", grouped(counts.records)],
    ["Calls", grouped(counts.calls)],
    ["Dropped", grouped(counts.dropped)],
    ["Last activity", when(lastActivityMs)],
    ["Created", when(createdAtMs)],
  ]);
}

function detailsForm(place: string, connector: Connector): HTMLElement {
  const trust = h("input", {
    name: "trust",
    type: "number",
    min: 0,
    max: 100,
    required: true,
    value: connector.trust,
  });
  const hint = "0 to 100: decides between several matches that were updated at the same time";
  const form = h(
    "form",
    { class: "fields" },
    ...basicDetails(connector),
    field("Trust in this source", trust, hint),
    h("div", { class: "actions" }, h("button", {}, "Save details")),
  );
  onSubmit(form, async () => {
    const changes = { ...readBasicDetails(form), trust: Number(textOf(form, "trust")) };
    await send("PATCH", place, changes);
    notify("Saved the details");
  });
  return panel("Basic details", {}, form);
}
