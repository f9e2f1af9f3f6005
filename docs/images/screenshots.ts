/**
 * Takes the pictures of the sandbox's page: `node docs/images/screenshots.ts`. Needs a Chromium on PATH, and what `sluice`
 * needs. Two connectors push a made-up inventory under a tight limit, with a fault or two on the way.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox, type Sandbox } from "@sluice/sandbox";
import { sampleLines } from "@sluice/sources";
import type { BrowserContextOptions, Page } from "playwright-core";
import { findChromium, openBrowser, type TestBrowser } from "../../test/support/browser.ts";
import { ROOT } from "../../test/support/project.ts";

const wide = { viewport: { width: 1280, height: 640 } };
const high = { viewport: { width: 1280, height: 760 } };
const phone = { viewport: { width: 360, height: 740 } };
const dark = { ...wide, colorScheme: "dark" } as const;

const chromium = findChromium();
if (chromium === undefined) throw new Error("Cannot take pictures: there is no chromium on PATH");

await using stack = new AsyncDisposableStack();
const dir = await mkdtemp(join(tmpdir(), "sluice-pictures-"));
stack.defer(() => rm(dir, { recursive: true, force: true }));
const sandbox = stack.use(
  await startSandbox({ limit: 20, windowMs: 15_000, concurrency: 2, latencyMs: 150 }),
);
const browser = stack.use(await openBrowser(chromium));

await send("PATCH", `connectors/${sandbox.connectorUuid}`, {
  name: "CMDB export",
  description: "Nightly, from the configuration database",
});
const cloud = await send("POST", "connectors", {
  name: "Cloud accounts",
  description: "Instances as the provider lists them",
  modules: ["CSAM", "ETM"],
});
await send("PUT", `connectors/${cloud.uuid}/identification`, {
  rules: [{ name: "FQDN", attributes: ["fqdn"], required: true }],
  createUnmanagedAsset: true,
  applyDefaultRule: true,
});
await push(sandbox, sandbox.connectorUuid, 1_800);
await send("PUT", "faults", [
  { kind: "answer", status: 503, times: 2 },
  { kind: "slow", delayMs: 900, rate: 0.1 },
]);
await push(sandbox, cloud.uuid, 900);

await take(browser, "connectors", "connectors", wide);
await take(browser, "connector", `connectors/${sandbox.connectorUuid}`, wide);
await take(browser, "inventory", "inventory", wide);
await take(browser, "inventory-phone", "inventory", phone);
await take(
  browser,
  "asset",
  `inventory?severity=5&search=srv-lnx&connector=${cloud.uuid}`,
  high,
  openFirst,
);
await take(browser, "calls", "calls", wide, showMinute);
await take(browser, "calls-dark", "calls", dark, showMinute);
await take(browser, "faults", "rehearse", wide);

async function take(
  browser: TestBrowser,
  name: string,
  screen: string,
  options: BrowserContextOptions,
  prepare: (page: Page) => Promise<unknown> = async () => {},
): Promise<void> {
  const page = await browser.visit(`${sandbox.url}/#/${screen}`, options);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await prepare(page);
  await page.screenshot({ path: join(import.meta.dirname, `${name}.png`), animations: "disabled" });
}

async function openFirst(page: Page): Promise<void> {
  await page.locator("tbody a").first().click();
  await page.getByRole("region", { name: "Identification log" }).waitFor();
}

/** The chart of the last minute tells more than that of the window. */
async function showMinute(page: Page): Promise<void> {
  await page.getByLabel("Chart of").selectOption("60000");
  await page.getByRole("figure").locator("polyline").waitFor();
}

async function send(method: string, path: string, body: unknown): Promise<{ uuid: string }> {
  const response = await fetch(`${sandbox.url}/sandbox/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.status === 204 ? { uuid: "" } : ((await response.json()) as { uuid: string });
}

/** Pushes a made-up inventory with the real command. */
async function push({ url, username, password }: Sandbox, uuid: string, assets: number) {
  const file = join(dir, "inventory.ndjson");
  const lines = [...sampleLines({ assets, seed: 1, profile: "high-entropy" })];
  await writeFile(file, lines.join("\n"));
  const child = spawn(join(ROOT, "apps/sluice/bin/sluice"), ["push", file], {
    cwd: dir,
    stdio: "inherit",
    env: {
      PATH: process.env["PATH"],
      QUALYS_GATEWAY_URL: url,
      QUALYS_USERNAME: username,
      QUALYS_PASSWORD: password,
      QUALYS_CONNECTOR_UUID: uuid,
    },
  });
  const [exitCode] = (await once(child, "exit")) as [number | null];
  if (exitCode !== 0) throw new Error(`Cannot push into the sandbox: exit code ${exitCode}`);
}
