import { load, type FaultScript, type Settings } from "./api.ts";
import { faultsPanel } from "./faults-panel.ts";
import { h } from "./element.ts";
import { settingsForm } from "./settings-form.ts";
import type { Screen } from "./visit.ts";

/** What makes the sandbox as hard to live with as one likes: limits, answers, delays, faults. */
export const rehearseScreen: Screen = async ({ signal }) => {
  const [settings, script] = await Promise.all([
    load<Settings>("settings", signal),
    load<FaultScript>("faults", signal),
  ]);
  return h(
    "div",
    {},
    h(
      "div",
      { class: "head" },
      h("h1", {}, "Faults and limits"),
      h(
        "p",
        { class: "lead" },
        "What Qualys may do to a client, on purpose. Everything takes effect with the next call; where its documentation is silent, choose what to rehearse.",
      ),
    ),
    h("div", { class: "columns" }, settingsForm(settings), faultsPanel(script, signal)),
  );
};
