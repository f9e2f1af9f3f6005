import { send, type Connector } from "./api.ts";
import { ask } from "./dialog.ts";
import { h, type Child } from "./element.ts";
import { check, field, textOf, textsOf } from "./fields.ts";
import { address } from "./visit.ts";

const modules = [
  ["CSAM", "CSAM: the inventory"],
  ["ETM", "ETM: findings"],
] as const;

/** Name, description and modules, as Qualys's Basic Details ask for them. */
export function basicDetails(known?: Connector): Child[] {
  const name = h("input", {
    name: "name",
    required: true,
    maxlength: 100,
    autocomplete: "off",
    value: known?.name ?? "",
  });
  const description = h(
    "textarea",
    { name: "description", maxlength: 1000 },
    known?.description ?? "",
  );
  const chosen = known?.modules ?? ["CSAM"];
  return [
    field("Connector name", name),
    field("Description", description),
    h(
      "fieldset",
      {},
      h("legend", {}, "Modules to enable"),
      h(
        "div",
        { class: "choices" },
        ...modules.map(([value, text]) =>
          check({ name: "modules", value, checked: chosen.includes(value) }, text),
        ),
      ),
    ),
  ];
}

/** What the form of basic details says. */
export function readBasicDetails(form: HTMLFormElement) {
  return {
    name: textOf(form, "name"),
    description: textOf(form, "description"),
    modules: textsOf(form, "modules"),
  };
}

/** Creates a connector and goes to it, where its UUID is. */
export function openConnectorForm(): void {
  ask({
    title: "Create connector",
    action: "Create",
    content: basicDetails(),
    async done(form) {
      const { uuid } = await send<Connector>("POST", "connectors", readBasicDetails(form));
      location.hash = address(["connectors", uuid]);
    },
  });
}
