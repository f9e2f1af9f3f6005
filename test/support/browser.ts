import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium, type BrowserContextOptions, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const ACTION_MS_MAX = 30_000;

/** The system's Chromium; `undefined` where there is none on PATH. */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable);
}

/** A browser. Disposing of it closes its pages. */
export interface TestBrowser extends AsyncDisposable {
  /** Opens an address in a profile of its own that may use the clipboard. */
  visit(url: string, options?: BrowserContextOptions): Promise<Page>;
}

/** Starts the Chromium at `path`, without a window. What its pages throw or log as an error fails its end. */
export async function openBrowser(path: string): Promise<TestBrowser> {
  // As root, Chromium runs only without its sandbox.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: path, args });
  const troubles: string[] = [];
  return {
    async visit(url, options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        locale: "en-US",
        permissions: ["clipboard-read", "clipboard-write"],
        ...options,
      });
      const page = await context.newPage();
      page.setDefaultTimeout(ACTION_MS_MAX);
      page.on("pageerror", (error) => troubles.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error" && /security/i.test(message.text())) {
          troubles.push(message.text());
        }
      });
      await page.goto(url);
      return page;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      if (troubles.length > 0) throw new Error(`The page had troubles: ${troubles.join("; ")}`);
    },
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
