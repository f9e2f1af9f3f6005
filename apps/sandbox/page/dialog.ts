import { h, type Child } from "./element.ts";
import { onSubmit } from "./fields.ts";

/** Asks for something in a dialog: a form with a heading and two buttons. `done` throws what is wrong with the answers. */
export function ask(options: {
  title: string;
  action: string;
  content: readonly Child[];
  done: (form: HTMLFormElement) => Promise<void>;
}): void {
  const { title, action, content, done } = options;
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" });
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const form = h(
    "form",
    { class: "fields" },
    ...content,
    h("div", { class: "actions" }, h("button", { class: "first" }, action), cancel),
  );
  onSubmit(form, async () => {
    await done(form);
    dialog.close();
  });
  dialog.append(h("h2", { id: "dialog-title" }, title), form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
