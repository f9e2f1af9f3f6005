import { load, type Account, type Counts } from "./api.ts";
import { assetScreen } from "./asset-screen.ts";
import { callsScreen } from "./calls-screen.ts";
import { connectorScreen } from "./connector-screen.ts";
import { connectorsScreen } from "./connectors-screen.ts";
import { h } from "./element.ts";
import { counted, grouped } from "./format.ts";
import { inventoryScreen } from "./inventory-screen.ts";
import { follow } from "./live.ts";
import { rehearseScreen } from "./rehearse-screen.ts";
import { readAddress, type Screen } from "./visit.ts";

const screens: Readonly<Record<string, Screen>> = {
  connectors: (visit) => (visit.path.length === 0 ? connectorsScreen : connectorScreen)(visit),
  inventory: (visit) => (visit.path.length === 0 ? inventoryScreen : assetScreen)(visit),
  calls: callsScreen,
  rehearse: rehearseScreen,
};

const main = document.getElementById("main") ?? document.body;
let leaving = new AbortController();

async function show(isFirst: boolean): Promise<void> {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { name, path, query } = readAddress(location.hash);
  const screen = screens[name];
  if (screen === undefined) return location.replace("#/connectors");
  markTab(name);
  const content = await screen({ path, query, signal }).catch(trouble);
  if (signal.aborted) return;
  main.replaceChildren(content);
  const heading = main.querySelector("h1");
  document.title = `${heading?.textContent ?? "Local CSAM"} · Local CSAM`;
  if (isFirst) return;
  // So that a keyboard or a screen reader goes on where the new screen begins.
  scrollTo(0, 0);
  heading?.setAttribute("tabindex", "-1");
  heading?.focus();
}

function markTab(name: string): void {
  for (const tab of document.querySelectorAll(".tabs a")) {
    const isHere = tab.getAttribute("href") === `#/${name}`;
    if (isHere) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

function trouble(error: unknown): Node {
  const message = error instanceof Error ? error.message : String(error);
  return h(
    "div",
    { class: "panel empty", role: "alert" },
    h("h1", {}, "This cannot be shown"),
    h("p", {}, message),
    h(
      "p",
      { class: "actions" },
      h("a", { class: "button", href: "#/connectors" }, "To the connectors"),
    ),
  );
}

function pulseOf({ assets, calls, pending }: Counts): string {
  const waiting = pending === 0 ? "" : ` · ${grouped(pending)} not yet visible`;
  return `${counted(assets, "asset")} · ${counted(calls, "call")}${waiting}`;
}

const modes = {
  full: "",
  checking: "Schema checks only: what is pushed is checked and counted, and not kept.",
  counting: "Counting mode: calls and their assets are counted, their bodies are not even parsed.",
} as const;

/** A sandbox that does less than it seems says so on each screen. */
async function tellMode(): Promise<void> {
  const { mode } = await load<Account>("account");
  if (mode !== "full") main.before(h("p", { class: "banner", role: "note" }, modes[mode]));
}

document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

const pulse = document.getElementById("pulse");
follow((counts) => {
  pulse?.classList.toggle("lost", counts === undefined);
  pulse?.replaceChildren(counts === undefined ? "not connected" : pulseOf(counts));
});

addEventListener("hashchange", () => void show(false));
void show(true);
void tellMode().catch(() => {});
