import { send, type Identification, type Rule } from "./api.ts";
import { ask } from "./dialog.ts";
import { fill, h } from "./element.ts";
import { check, field, onSubmit, textOf, textsOf } from "./fields.ts";
import { badges, panel } from "./marks.ts";
import { notify } from "./notice.ts";

const attributesMax = 5;

/** By what Required means, which Qualys's documentation leaves open. */
const leads = {
  selected:
    "Those switched to Required are tried in this order; the first that matches says which asset it is.",
  mandatory:
    "All are tried in this order; the first that matches says which asset it is. A push has to have the attributes of those switched to Required.",
} as const;

/** The identification rules of a connector, in order, to be changed and then saved as a whole. */
export function rulesEditor(
  place: string,
  known: Identification,
  requiredMeans: keyof typeof leads,
): HTMLElement {
  let rules = known.rules.filter(({ isFixed }) => !isFixed);
  const fixed = known.rules.filter(({ isFixed }) => isFixed);
  const list = h("ol", { class: "rules" });

  const change = (changed: readonly Rule[]) => {
    rules = [...changed];
    show();
  };
  const show = () => {
    const controls = (rule: Rule, index: number) =>
      ruleControls(rule, index, { rules, change, edit });
    fill(
      list,
      ...fixed.map((rule) => ruleLine(rule, 1)),
      ...rules.map((rule, index) => ruleLine(rule, index + 2, controls(rule, index))),
    );
  };
  const edit = (index?: number) =>
    openRuleForm(known.attributes, index === undefined ? undefined : rules[index], (rule) =>
      change(index === undefined ? [...rules, rule] : rules.with(index, rule)),
    );
  const form = h(
    "form",
    { class: "fields" },
    list,
    h(
      "div",
      {},
      h(
        "button",
        { type: "button", class: "small", id: "rule-add", onclick: () => edit() },
        "Add rule",
      ),
    ),
    check(
      { name: "create", checked: known.createUnmanagedAsset },
      "Create unmanaged asset, if no rule matches",
    ),
    check(
      { name: "default", checked: known.applyDefaultRule },
      "Apply default rule, if the last rule has several matches",
    ),
    h("div", { class: "actions" }, h("button", { class: "first" }, "Save rules")),
  );
  onSubmit(form, async () => {
    await send("PUT", `${place}/identification`, {
      rules: rules.map(({ isFixed: _isFixed, ...rule }) => rule),
      createUnmanagedAsset: textsOf(form, "create").length > 0,
      applyDefaultRule: textsOf(form, "default").length > 0,
    });
    notify("Saved the rules: they decide about the next push");
  });
  show();
  return panel("Asset identification rules", { lead: leads[requiredMeans] }, form);
}

function ruleLine(rule: Rule, place: number, controls?: HTMLElement): HTMLLIElement {
  return h(
    "li",
    { class: controls === undefined ? "rule fixed" : "rule" },
    h("b", {}, place),
    h("div", {}, h("h3", {}, rule.name), badges(rule.attributes)),
    controls ?? h("span", { class: "hint" }, "always first"),
  );
}

interface Editing {
  readonly rules: readonly Rule[];
  readonly change: (rules: readonly Rule[]) => void;
  readonly edit: (index: number) => void;
}

function ruleControls(rule: Rule, index: number, { rules, change, edit }: Editing): HTMLElement {
  const name = rule.name;
  const move = (by: -1 | 1) => {
    const others = rules.toSpliced(index, 1);
    change(others.toSpliced(index + by, 0, rule));
    // The focus follows the rule, so that it can be moved on.
    document.getElementById(`rule-${index + by}-${by}`)?.focus();
  };
  const required = check(
    { name: `required-${index}`, checked: rule.required },
    "Required",
    "check switch",
  );
  required.addEventListener("change", () =>
    change(rules.with(index, { ...rule, required: !rule.required })),
  );
  const button = (text: string, label: string, act: () => void, more = {}) =>
    h(
      "button",
      { type: "button", class: "small", "aria-label": `${label} ${name}`, onclick: act, ...more },
      text,
    );
  return h(
    "div",
    { class: "actions" },
    required,
    button("↑", "Move up", () => move(-1), { id: `rule-${index}--1`, disabled: index === 0 }),
    button("↓", "Move down", () => move(1), {
      id: `rule-${index}-1`,
      disabled: index === rules.length - 1,
    }),
    button("Edit", "Edit", () => edit(index)),
    button("Remove", "Remove", () => change(rules.toSpliced(index, 1))),
  );
}

function openRuleForm(
  attributes: readonly string[],
  known: Rule | undefined,
  done: (rule: Rule) => void,
): void {
  const name = h("input", {
    name: "name",
    required: true,
    maxlength: 100,
    value: known?.name ?? "",
  });
  ask({
    title: known === undefined ? "Add rule" : "Edit rule",
    action: known === undefined ? "Add" : "Change",
    content: [
      field("Name", name),
      h(
        "fieldset",
        {},
        h("legend", {}, "Attributes that must all match"),
        h(
          "div",
          { class: "choices" },
          ...attributes.map((value) =>
            check(
              { name: "attributes", value, checked: known?.attributes.includes(value) ?? false },
              value,
            ),
          ),
        ),
      ),
    ],
    async done(form) {
      const chosen = textsOf(form, "attributes");
      if (chosen.length === 0 || chosen.length > attributesMax) {
        throw new Error(`Choose 1 to ${attributesMax} attributes`);
      }
      done({
        name: textOf(form, "name"),
        attributes: chosen,
        required: known?.required ?? true,
        isFixed: false,
      });
    },
  });
}
