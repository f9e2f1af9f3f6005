import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Terminal } from "./terminal/terminal.ts";

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: "open",
  win32: "explorer",
};

/** Opens a web page in the user's browser; says so where that cannot be done. The browser outlives the command. */
export async function openPage(url: string, terminal: Terminal): Promise<void> {
  const opener = OPENERS[process.platform] ?? "xdg-open";
  const child = spawn(opener, [url], { detached: true, stdio: "ignore" });
  try {
    await once(child, "spawn");
    child.unref();
  } catch {
    terminal.note(`Cannot open a browser: there is no ${opener}; open ${url} yourself`);
  }
}
