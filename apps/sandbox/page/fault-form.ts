import type { Fault } from "./api.ts";
import { assetErrorShapes } from "./asset-error-shapes.ts";
import { ask } from "./dialog.ts";
import { fill, h } from "./element.ts";
import { check, choice, field, textOf, textsOf } from "./fields.ts";

type Field = readonly [
  name: string,
  label: string,
  kind: "number" | "text" | "list" | "flag" | "shape",
  first?: string | number,
];

const kinds: Readonly<Record<string, { text: string; fields: readonly Field[] }>> = {
  answer: {
    text: "an answer with a status",
    fields: [
      ["status", "Status", "number", 503],
      ["body", "Body, as text", "text"],
      ["processed", "the import takes place all the same", "flag"],
    ],
  },
  html: { text: "a login page", fields: [["status", "Status", "number", 200]] },
  truncate: {
    text: "an answer that breaks off",
    fields: [["bytes", "After so many bytes", "number", 20]],
  },
  slow: { text: "a slow answer", fields: [["delayMs", "Later by, ms", "number", 2_000]] },
  hang: {
    text: "no answer, and a cut in the end",
    fields: [["forMs", "The cut comes after, ms", "number"]],
  },
  cut: { text: "a cut connection", fields: [["processed", "after the import", "flag"]] },
  "refuse-assets": {
    text: "some assets refused",
    fields: [
      ["share", "Share of the assets, 0 to 1", "number", 0.2],
      ["message", "Message", "text"],
      ["shape", "Shape", "shape"],
    ],
  },
};

const aims: readonly Field[] = [
  ["times", "How often", "number"],
  ["call", "Only the nth call from now", "number"],
  ["rate", "Only a share of the calls, 0 to 1", "number"],
  ["fromMs", "Only from, ms from now", "number"],
  ["untilMs", "Only until, ms from now", "number"],
  ["aboveBytes", "Only bodies above, bytes", "number"],
  ["keys", "Only calls with one of these keys (with commas)", "list"],
];

/** Asks for a fault: what happens, and to which calls. */
export function openFaultForm(add: (fault: Fault) => Promise<void>): void {
  const kind = choice(
    "kind",
    Object.entries(kinds).map(([name, { text }]) => [name, text] as const),
    "answer",
  );
  const details = h("div", { class: "fields across" });
  const show = () => fill(details, ...(kinds[kind.value]?.fields ?? []).map(control));
  kind.addEventListener("change", show);
  show();
  ask({
    title: "Add fault",
    action: "Add",
    content: [
      field("What happens", kind),
      details,
      h(
        "fieldset",
        {},
        h("legend", {}, "To which calls"),
        h("div", { class: "fields across" }, ...aims.map(control)),
      ),
    ],
    async done(form) {
      const fields = [...(kinds[kind.value]?.fields ?? []), ...aims];
      const entries = fields.map((one) => [one[0], read(form, one)] as const);
      await add({
        kind: kind.value,
        ...(kind.value === "cut" && { processed: false }),
        ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)),
      });
    },
  });
}

function control([name, label, kind, first]: Field): HTMLElement {
  if (kind === "flag") return check({ name }, label);
  if (kind === "shape") {
    const shapes = assetErrorShapes.map((shape) => [shape, shape] as const);
    return field(label, choice(name, [["", "as set"], ...shapes]));
  }
  const type = kind === "number" ? "number" : "text";
  return field(
    label,
    h("input", {
      name,
      type,
      step: "any",
      min: kind === "number" ? 0 : undefined,
      value: first ?? "",
    }),
  );
}

/** What the field says; `undefined` where it is left empty. */
function read(form: HTMLFormElement, [name, , kind]: Field): unknown {
  if (kind === "flag") return textsOf(form, name).length > 0 ? true : undefined;
  const text = textOf(form, name);
  if (text === "") return undefined;
  if (kind === "number") return Number(text);
  return kind === "list" ? text.split(",").map((part) => part.trim()) : text;
}
