import { h, type Child } from "./element.ts";

/** A labelled control. */
export function field(label: string, control: HTMLElement, hint?: Child): HTMLLabelElement {
  return h("label", {}, label, control, hint && h("span", { class: "hint" }, hint));
}

export function choice(
  name: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen = "",
): HTMLSelectElement {
  const select = h(
    "select",
    { name },
    ...options.map(([value, text]) => h("option", { value }, text)),
  );
  select.value = chosen;
  return select;
}

/** A check box with its text behind it; as a switch if it takes effect by itself. */
export function check(
  attributes: { name: string; value?: string; checked?: boolean; disabled?: boolean },
  text: string,
  look: "check" | "check switch" = "check",
): HTMLLabelElement {
  const role = look === "check" ? undefined : "switch";
  return h("label", { class: look }, h("input", { type: "checkbox", role, ...attributes }), text);
}

/** The texts of a form's field, those of all its checked boxes. */
export function textsOf(form: HTMLFormElement, name: string): string[] {
  return new FormData(form).getAll(name).map(String);
}

export function textOf(form: HTMLFormElement, name: string): string {
  return (textsOf(form, name)[0] ?? "").trim();
}

/** Runs `task` when the form is sent; what goes wrong is shown in the form. */
export function onSubmit(form: HTMLFormElement, task: () => Promise<void>): void {
  const mistake = h("p", { class: "mistake", role: "alert" });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    mistake.remove();
    task().catch((error: unknown) => {
      mistake.textContent = error instanceof Error ? error.message : String(error);
      form.append(mistake);
    });
  });
}
