import { load, send, type Fault, type FaultScript } from "./api.ts";
import { fill, h } from "./element.ts";
import { openFaultForm } from "./fault-form.ts";
import { field, onSubmit, textOf } from "./fields.ts";
import { onChange } from "./live.ts";
import { panel } from "./marks.ts";
import { complain, notify } from "./notice.ts";
import { createTable, type Column } from "./table.ts";

/** One click each: what a client should have met before it goes into production. */
const presets: readonly (readonly [string, Fault])[] = [
  ["Next call: 503", { kind: "answer", status: 503 }],
  ["Next call: cut after the import", { kind: "cut", processed: true }],
  ["Every tenth call: 500", { kind: "answer", status: 500, rate: 0.1 }],
  ["A fifth of the assets refused, 3 calls", { kind: "refuse-assets", share: 0.2, times: 3 }],
  ["413 above 50 KB", { kind: "answer", status: 413, aboveBytes: 50_000 }],
];

type Entry = FaultScript["faults"][number];

const columns: readonly Column<Entry>[] = [
  { title: "Fault", kind: "main", cell: ({ fault }) => fault.kind },
  {
    title: "What and when",
    cell: ({ fault }) => h("span", { class: "mono" }, describe(fault)),
  },
  { title: "Taken", kind: "number", cell: ({ taken }) => taken },
  { title: "Left", kind: "number", cell: ({ left }) => left },
];

/** The fault script: what is still to come, and what is to be added. */
export function faultsPanel(known: FaultScript, signal: AbortSignal): HTMLElement {
  let script = known;
  const summary = h("span");
  const table = createTable({
    caption: "Faults still to come",
    keyOf: (_entry: Entry, index) => index,
    columns,
    empty: h(
      "div",
      {},
      h("strong", {}, "No faults"),
      h("p", {}, "Every call gets its honest answer."),
    ),
  });
  table.node.classList.remove("panel");
  const source = h("textarea", { name: "script", class: "mono", rows: 8, spellcheck: false });

  function show(): void {
    table.show(script.faults);
    fill(summary, `${script.calls} calls since the script was set, seed ${script.seed}`);
    if (document.activeElement !== source) source.value = JSON.stringify(toCome(script), null, 2);
  }
  async function refresh(): Promise<void> {
    script = await load<FaultScript>("faults", signal);
    show();
  }
  async function replace(body: unknown, told: string): Promise<void> {
    await send("PUT", "faults", body);
    notify(told);
    await refresh();
  }
  async function add(fault: Fault): Promise<void> {
    // What calls have taken meanwhile must not come back.
    await refresh();
    const { seed, faults } = toCome(script);
    await replace({ seed, faults: [...faults, fault] }, `Added the fault ${fault.kind}`);
  }

  show();
  onChange(refresh, { signal });
  return panel(
    "Faults",
    { lead: summary },
    h(
      "div",
      { class: "fields" },
      h(
        "div",
        { class: "actions" },
        button("Add fault", async () => openFaultForm(add), "first"),
        button("Remove all", () => replace([], "Removed all faults"), "danger"),
      ),
      table.node,
      h("h3", {}, "Add at a click"),
      h(
        "div",
        { class: "choices" },
        ...presets.map(([text, fault]) => button(text, () => add(fault))),
      ),
      scriptForm(source, (body) => replace(body, "Replaced the script")),
    ),
  );
}

function button(text: string, act: () => Promise<void>, look = "small"): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: look, onclick: () => void act().catch(complain) },
    text,
  );
}

function scriptForm(source: HTMLTextAreaElement, replace: (body: unknown) => Promise<void>) {
  const hint = "A list of faults, or an object with seed and faults: see docs/sandbox-api.md";
  const form = h(
    "form",
    { class: "fields" },
    field("The script as JSON", source, hint),
    h("div", { class: "actions" }, h("button", {}, "Replace the script")),
  );
  onSubmit(form, async () => {
    const body: unknown = JSON.parse(textOf(form, "script"));
    source.blur();
    await replace(body);
  });
  return h("details", {}, h("summary", {}, "Edit the script"), form);
}

/** The script as it would have to be set again: each fault as often as it is left. */
function toCome({ seed, faults }: FaultScript): { seed: number; faults: Fault[] } {
  const left = faults.filter((entry) => entry.left !== 0);
  return { seed, faults: left.map(({ fault, left }) => ({ ...fault, times: left })) };
}

function describe({ kind: _kind, ...fields }: Fault): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(", ");
}
