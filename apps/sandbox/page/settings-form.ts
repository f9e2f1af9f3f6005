import { send, type Settings } from "./api.ts";
import { assetErrorShapes } from "./asset-error-shapes.ts";
import { h } from "./element.ts";
import { check, choice, field, onSubmit, textOf, textsOf } from "./fields.ts";
import { panel } from "./marks.ts";
import { notify } from "./notice.ts";

type Field = { readonly name: string; readonly label: string; readonly hint?: string } & (
  | {
      readonly kind: "number";
      readonly min: number;
      /** What one unit of the field is worth. */ readonly unit?: number;
    }
  | { readonly kind: "choice"; readonly options: readonly (string | number)[] }
  | { readonly kind: "flag" }
);

const groups: readonly { readonly title: string; readonly fields: readonly Field[] }[] = [
  {
    title: "Limits",
    fields: [
      { name: "limit", label: "Calls in a window", kind: "number", min: 1 },
      { name: "windowMs", label: "Window, seconds", kind: "number", min: 0.001, unit: 1_000 },
      { name: "concurrency", label: "Calls at once", kind: "number", min: 1 },
      { name: "limitedStatus", label: "Refused with", kind: "choice", options: [429, 409] },
    ],
  },
  {
    title: "Rate headers",
    fields: [
      {
        name: "headers",
        label: "Sent",
        kind: "choice",
        options: ["all", "pair", "none"],
        hint: "pair: Remaining and ToWait alone",
      },
      {
        name: "headerSpelling",
        label: "Spelling",
        kind: "choice",
        options: ["X-Concurrency-Limit", "X-ConcurrencyLimit"],
      },
      {
        name: "toWait",
        label: "ToWait-Sec",
        kind: "choice",
        options: ["up", "down", "missing"],
        hint: "how it is rounded",
      },
      { name: "remainingCountsCall", label: "Remaining counts the call itself", kind: "flag" },
    ],
  },
  {
    title: "Time",
    fields: [
      { name: "latencyMs", label: "A call takes, ms", kind: "number", min: 0 },
      { name: "visibleAfterMs", label: "Assets are visible after, ms", kind: "number", min: 0 },
      {
        name: "vanishedCalls",
        label: "A call whose client vanished",
        kind: "choice",
        options: ["end", "run"],
      },
    ],
  },
  {
    title: "Merging",
    fields: [
      {
        name: "absentItems",
        label: "Software and ports no longer pushed",
        kind: "choice",
        options: ["remove", "keep"],
      },
      {
        name: "absentFindings",
        label: "Findings no longer pushed",
        kind: "choice",
        options: ["keep", "remove", "fix"],
      },
      {
        name: "requiredMeans",
        label: "Required means",
        kind: "choice",
        options: ["selected", "mandatory"],
      },
      {
        name: "assetErrors",
        label: "Shape of assetsError",
        kind: "choice",
        options: assetErrorShapes,
      },
    ],
  },
];

/** Every setting that can be changed while the sandbox runs. */
export function settingsForm(settings: Settings): HTMLElement {
  const parts = groups.map(({ title, fields }) =>
    h(
      "fieldset",
      {},
      h("legend", {}, title),
      h(
        "div",
        { class: "fields across" },
        ...fields.map((one) => control(one, settings[one.name])),
      ),
    ),
  );
  const form = h(
    "form",
    { class: "fields roomier" },
    ...parts,
    h("div", { class: "actions" }, h("button", { class: "first" }, "Save settings")),
  );
  onSubmit(form, async () => {
    const fields = groups.flatMap((group) => group.fields);
    const entries = fields.map((one) => [one.name, read(form, one)] as const);
    await send("PATCH", "settings", Object.fromEntries(entries));
    notify("Saved the settings: they hold from the next call on");
  });
  return panel("Limits and answers", {}, form);
}

function control(one: Field, value: string | number | boolean | undefined): HTMLElement {
  if (one.kind === "flag")
    return check({ name: one.name, checked: value === true }, one.label, "check switch");
  if (one.kind === "choice") {
    const options = one.options.map((option) => [String(option), String(option)] as const);
    return field(one.label, choice(one.name, options, String(value)), one.hint);
  }
  const input = h("input", {
    name: one.name,
    type: "number",
    min: one.min,
    step: "any",
    required: true,
    value: Number(value) / (one.unit ?? 1),
  });
  return field(one.label, input, one.hint);
}

function read(form: HTMLFormElement, one: Field): string | number | boolean {
  if (one.kind === "flag") return textsOf(form, one.name).length > 0;
  const text = textOf(form, one.name);
  if (one.kind === "number") return Number(text) * (one.unit ?? 1);
  return one.options.find((option) => String(option) === text) ?? text;
}
