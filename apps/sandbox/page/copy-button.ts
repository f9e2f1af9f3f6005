import { h } from "./element.ts";
import { complain, notify } from "./notice.ts";

/** A button that puts a text on the clipboard. `what` names it: "the UUID of netbox". */
export function copyButton(text: string, what: string, id?: string): HTMLButtonElement {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    notify(`Copied ${what}`);
  };
  return h(
    "button",
    {
      type: "button",
      class: "small",
      id,
      "aria-label": `Copy ${what}`,
      onclick: () => void copy().catch(complain),
    },
    "Copy",
  );
}
