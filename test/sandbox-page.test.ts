import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sampleLines } from "@sluice/sources";
import type { Sandbox } from "@sluice/sandbox";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { findChromium, openBrowser } from "./support/browser.ts";
import { ROOT } from "./support/project.ts";
import { openPlace } from "./support/sluice.ts";

const CHROMIUM = findChromium();
const REAL_HOSTS = join(ROOT, "../shared/data/hosts.ndjson");
const TABS_MAX = 60;

/** A real inventory where there is one, else a made-up one; some of its assets have findings of severity 4 and more. */
function inventory(): string {
  if (existsSync(REAL_HOSTS)) return readFileSync(REAL_HOSTS, "utf8");
  return [...sampleLines({ assets: 275, seed: 3, profile: "high-entropy" })].join("\n");
}

async function importAsset(sandbox: Sandbox, asset: object, connectorUuid = sandbox.connectorUuid) {
  const { username, password, url } = sandbox;
  const form = new URLSearchParams({ username, password, token: "true" });
  const signedIn = await fetch(`${url}/auth`, { method: "POST", body: form });
  const body = { connectorMetaData: { source: "WEBHOOK", connectorUuid }, assetData: [asset] };
  return await fetch(`${url}/rest/2.0/am/connector/asset/data/sync`, {
    method: "POST",
    headers: { authorization: `Bearer ${await signedIn.text()}` },
    body: JSON.stringify(body),
  });
}

async function read<T>(sandbox: Sandbox, path: string): Promise<T> {
  return (await (await fetch(`${sandbox.url}/sandbox/${path}`)).json()) as T;
}

/** Presses Tab, or another key, until the focus is on the element with this name; not at all if it is there. */
async function tabTo(page: Page, name: string, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  for (let count = 0; count < TABS_MAX; count += 1) {
    const focused = await page.evaluate<string>(
      "(e => (e?.ariaLabel || e?.labels?.[0]?.textContent || e?.textContent || '').trim())(document.activeElement)",
    );
    if (focused === name) return;
    await page.keyboard.press(key);
  }
  throw new Error(`Cannot reach "${name}" with ${TABS_MAX} tabs`);
}

describe.skipIf(CHROMIUM === undefined)(
  "the sandbox's page (skipped where no Chromium is on PATH; .ci/run installs it)",
  () => {
    const open = () => openBrowser(CHROMIUM ?? "");

    it("shows a push from the connector's creation to its end, live", async () => {
      await using place = await openPlace({ latencyMs: 30 });
      await place.write("hosts.ndjson", inventory());
      await using browser = await open();
      const page = await browser.visit(place.sandbox.url);
      await page.getByRole("button", { name: "Create connector" }).click();
      await page.getByLabel("Connector name").fill("NetBox");
      await page.getByLabel("Description").fill("Routers and hosts");
      await page.getByRole("button", { name: "Create", exact: true }).click();
      await page.getByRole("heading", { name: "NetBox" }).waitFor();
      await page.getByRole("button", { name: "Copy the UUID of NetBox" }).click();
      await page.getByText("Copied the UUID of NetBox").waitFor();
      const uuid = await page.evaluate<string>("navigator.clipboard.readText()");
      expect(uuid).toMatch(/^[\da-f-]{36}$/);

      await page.getByRole("link", { name: "View assets" }).click();
      await page.getByText("No asset fits").waitFor();
      await page.evaluate("window.stayed = true");
      const env = { ...place.env, QUALYS_CONNECTOR_UUID: uuid, SLUICE_BATCH_ASSETS_MAX: "25" };
      const pushing = place.run(["push", "hosts.ndjson", "--json"], { env });
      await page.getByText(/of \d+ assets/).waitFor();
      const pushed = await pushing;
      const { delivered } = JSON.parse(pushed.stdout) as { delivered: number };
      expect(delivered, pushed.stderr).toBeGreaterThan(200);
      const total = place.sandbox.count();
      await page.getByText(`1–50 of ${total} assets`).waitFor();
      expect(await page.evaluate("window.stayed")).toBe(true);

      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText(`51–100 of ${total} assets`).waitFor();
      await page.getByLabel("Open findings").selectOption("4");
      await page.getByText(/^1–\d+ of \d+ assets?$/).waitFor();
      await page.locator("tbody a").first().click();
      const findings = page.getByRole("region", { name: "Findings" });
      await findings
        .getByText(/CVE-\d{4}-\d+/)
        .first()
        .waitFor();
      const log = page.getByRole("region", { name: "Identification log" });
      expect(await log.innerText()).toMatch(/created[\s\S]*Source native key/);

      await page.getByRole("link", { name: "← Inventory" }).click();
      await page.getByText(/^1–\d+ of \d+ assets?$/).waitFor();
      expect(await page.getByLabel("Open findings").inputValue()).toBe("4");

      await page.getByRole("link", { name: "Calls" }).click();
      const calls = page.getByRole("table", { name: "Calls" }).getByRole("row");
      await calls.nth(1).waitFor();
      expect(await calls.nth(1).innerText()).toContain("200");
      expect(await page.getByRole("figure").innerText()).toContain("limit: 300");

      await page.getByRole("link", { name: "Connectors" }).first().click();
      await page.getByRole("button", { name: "Disable NetBox" }).click();
      await page.getByRole("button", { name: "Enable NetBox" }).waitFor();
      await place.write("hosts.ndjson", '{"id":"new-1","hostname":"new-1"}\n');
      const refused = await place.run(["push", "hosts.ndjson", "--json"], { env });
      expect(JSON.parse(refused.stdout)).toMatchObject({ delivered: 0, dead: 0, pending: 1 });
      await page.getByRole("link", { name: "Calls" }).click();
      await page.getByText("is disabled").first().waitFor();
      expect(await calls.nth(1).innerText()).toContain("400");
    });

    it("can be used with the keyboard alone, and shows where the focus is", async () => {
      await using place = await openPlace();
      await using browser = await open();
      const page = await browser.visit(place.sandbox.url);
      const { keyboard } = page;
      await page.getByRole("heading", { name: "Connectors" }).waitFor();
      await tabTo(page, "Create connector");
      expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe(
        "solid",
      );
      await keyboard.press("Enter");
      await keyboard.type("Keys");
      await keyboard.press("Enter");
      await page.getByRole("heading", { name: "Keys" }).waitFor();
      for (const [name, attribute] of [
        ["By serial", "serialNumber"],
        ["By name", "hostName"],
      ] as const) {
        await tabTo(page, "Add rule");
        await keyboard.press("Enter");
        await keyboard.type(name);
        await tabTo(page, attribute);
        await keyboard.press("Space");
        await keyboard.press("Enter");
        await page.getByRole("heading", { name }).waitFor();
      }
      await tabTo(page, "Move up By name", "Shift+Tab");
      await keyboard.press("Enter");
      await tabTo(page, "Create unmanaged asset, if no rule matches");
      await keyboard.press("Space");
      await tabTo(page, "Save rules");
      await keyboard.press("Enter");
      await page.getByText("Saved the rules").waitFor();
      const { connectors } = await read<{ connectors: { uuid: string; name: string }[] }>(
        place.sandbox,
        "connectors",
      );
      const uuid = connectors.find(({ name }) => name === "Keys")?.uuid;
      const saved = await read<{ rules: { name: string }[] }>(
        place.sandbox,
        `connectors/${uuid}/identification`,
      );
      const names = saved.rules.map(({ name }) => name);
      expect(names.indexOf("By name")).toBe(names.indexOf("By serial") - 1);
      expect(saved).toMatchObject({ createUnmanagedAsset: false });
    });

    it("shows what an asset is called as text, whatever it says", async () => {
      await using place = await openPlace();
      await using browser = await open();
      const hostile = `<img src="x" onerror="window.harmed = true"><script>window.harmed = true</script>`;
      await importAsset(place.sandbox, {
        identityAttributes: { sourceNativeKey: hostile, hostName: hostile },
        coreAttributes: { operatingSystem: hostile, softwares: [{ name: hostile }] },
        findings: [{ id: hostile, severity: 5 }],
      });
      const page = await browser.visit(`${place.sandbox.url}/#/inventory`);
      await page.getByRole("link", { name: hostile }).click();
      await page.getByRole("heading", { name: hostile, level: 1 }).waitFor();
      expect(await page.getByText(hostile).count()).toBeGreaterThan(4);
      expect(await page.locator("main img, main script").count()).toBe(0);
      expect(await page.evaluate("window.harmed")).toBeUndefined();
      const { headers } = await fetch(place.sandbox.url);
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("content-security-policy")).not.toContain("unsafe");
    });

    it("fits a phone: nothing scrolls sideways", async () => {
      await using place = await openPlace();
      await using browser = await open();
      const long = "a-name-without-any-place-to-break-".repeat(6);
      await importAsset(place.sandbox, {
        identityAttributes: { sourceNativeKey: long, hostName: long },
        coreAttributes: { operatingSystem: long, softwares: [{ name: long, version: long }] },
        findings: [{ id: long, severity: 5 }],
      });
      const viewport = { width: 360, height: 740 };
      const page = await browser.visit(place.sandbox.url, { viewport });
      const { connectorUuid } = place.sandbox;
      const screens = ["connectors", `connectors/${connectorUuid}`, "inventory", "inventory/1"];
      for (const screen of [...screens, "calls", "rehearse"]) {
        await page.goto(`${place.sandbox.url}/#/${screen}`);
        await page.reload();
        await page.getByRole("heading", { level: 1 }).waitFor();
        const width = await page.evaluate("document.documentElement.scrollWidth");
        expect(width, screen).toBe(viewport.width);
      }
    });

    it("sets limits and faults that hold from the next call on", async () => {
      await using place = await openPlace();
      await using browser = await open();
      const page = await browser.visit(`${place.sandbox.url}/#/rehearse`);
      await page.getByLabel("Calls in a window").fill("2");
      await page.getByRole("button", { name: "Save settings" }).click();
      await page.getByText("Saved the settings").waitFor();
      await page.getByRole("button", { name: "Next call: 503" }).click();
      await page.getByText("Added the fault answer").waitFor();
      const asset = { identityAttributes: { sourceNativeKey: "a" } };
      const statuses: number[] = [];
      for (let count = 0; count < 3; count += 1) {
        statuses.push((await importAsset(place.sandbox, asset)).status);
      }
      expect(statuses).toEqual([503, 200, 429]);
      // The fault that was used up is no part of the script that the next click sets.
      await page.getByRole("button", { name: "413 above 50 KB" }).click();
      const faults = page.getByRole("table", { name: "Faults still to come" }).getByRole("row");
      await faults.getByText("aboveBytes 50000").waitFor();
      expect(await faults.count()).toBe(2);
      await page.getByLabel("Calls at once").fill("1.5");
      await page.getByRole("button", { name: "Save settings" }).click();
      expect(await page.getByRole("alert").innerText()).toContain("concurrency: ");
    });

    it("is dark for those who like it dark", async () => {
      await using place = await openPlace();
      await using browser = await open();
      const background = async (colorScheme: "light" | "dark") => {
        const page = await browser.visit(place.sandbox.url, { colorScheme });
        return await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
      };
      expect(await background("light")).toBe("rgb(246, 247, 249)");
      expect(await background("dark")).toBe("rgb(13, 19, 27)");
    });
  },
);
