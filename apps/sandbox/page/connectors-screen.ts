import { load, send, type Connector } from "./api.ts";
import { copyButton } from "./copy-button.ts";
import { openConnectorForm } from "./connector-form.ts";
import { h } from "./element.ts";
import { grouped } from "./format.ts";
import { onChange } from "./live.ts";
import { badge, badges, when } from "./marks.ts";
import { complain, notify } from "./notice.ts";
import { createTable, type Column } from "./table.ts";
import { address, type Screen } from "./visit.ts";

/** All connectors of the account, as Qualys shows them under Integrations, Webhook, Manage. */
export const connectorsScreen: Screen = async ({ signal }) => {
  const create = () =>
    h("button", { class: "first", onclick: openConnectorForm }, "Create connector");
  const table = createTable({
    caption: "Connectors",
    columns,
    keyOf: ({ uuid }: Connector) => uuid,
    empty: h(
      "div",
      {},
      h("strong", {}, "No connector yet"),
      h("p", {}, "A connector gives a source of assets its UUID, which every push names."),
      create(),
    ),
  });
  const refresh = async () => {
    const { connectors } = await load<{ connectors: Connector[] }>("connectors", signal);
    table.show(connectors);
  };
  await refresh();
  onChange(refresh, { signal });
  return h(
    "div",
    {},
    h(
      "div",
      { class: "head" },
      h("h1", {}, "Connectors"),
      h("div", { class: "actions" }, create()),
      h(
        "p",
        { class: "lead" },
        "Where Qualys has Integrations → Webhook → Manage. Whoever pushes names the UUID of one of these.",
      ),
    ),
    table.node,
  );
};

const columns: readonly Column<Connector>[] = [
  {
    title: "Connector",
    kind: "main",
    cell: ({ uuid, name, description }) => [
      h("a", { href: address(["connectors", uuid]) }, name),
      description !== "" && h("span", { class: "hint" }, description),
    ],
  },
  { title: "State", cell: ({ enabled }) => stateBadge(enabled) },
  {
    title: "UUID",
    cell: ({ uuid, name }) =>
      h(
        "span",
        { class: "key" },
        h("code", {}, uuid),
        copyButton(uuid, `the UUID of ${name}`, `copy-${uuid}`),
      ),
  },
  { title: "Modules", cell: ({ modules }) => badges(modules) },
  { title: "Assets", kind: "number", cell: ({ counts }) => grouped(counts.records) },
  { title: "Calls", kind: "number", cell: ({ counts }) => grouped(counts.calls) },
  { title: "Last activity", cell: ({ lastActivityMs }) => when(lastActivityMs) },
  {
    title: "Actions",
    kind: "actions",
    cell: (connector) => [
      h("a", { class: "button small", href: assetsOf(connector) }, "View assets"),
      stateButton(connector),
    ],
  },
];

export function stateBadge(isEnabled: boolean): HTMLElement {
  return isEnabled ? badge("Enabled", "good") : badge("Disabled", "warn");
}

/** The address of the inventory with this connector's assets alone. */
export function assetsOf({ uuid }: Connector): string {
  return address(["inventory"], new URLSearchParams({ connector: uuid }));
}

/** Enables or disables a connector; the sandbox then tells all screens. */
export function stateButton({ uuid, name, enabled }: Connector, look = "small"): HTMLButtonElement {
  const verb = enabled ? "Disable" : "Enable";
  const change = async () => {
    await send("PATCH", `connectors/${uuid}`, { enabled: !enabled });
    notify(`${name} is ${enabled ? "disabled: pushes with its UUID are refused" : "enabled"}`);
  };
  const attributes = {
    type: "button",
    class: look,
    id: `state-${uuid}`,
    "aria-label": `${verb} ${name}`,
  };
  return h("button", { ...attributes, onclick: () => void change().catch(complain) }, verb);
}
