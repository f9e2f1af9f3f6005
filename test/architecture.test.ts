import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beginHold } from "@sluice/queue";
import { describe, expect, it, vi } from "vitest";
import { startHouse } from "./support/house.ts";
import { ROOT } from "./support/project.ts";

const TEXT = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");

/** The key patterns in the first column of the table of keys. */
function documentedKeys(): RegExp[] {
  const section = TEXT.slice(TEXT.indexOf("## Keys in Redis"));
  const table = section.slice(0, section.indexOf("\n## ", 3));
  const cells = table.split("\n").flatMap((line) => /^\| (`[^|]+) \|/.exec(line)?.[1] ?? []);
  const patterns = cells.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ""),
  );
  return patterns.map(
    (name) => new RegExp(`^${name.replaceAll(/<\w+>/g, "[^:]+").replaceAll("*", ".+")}$`),
  );
}

describe("ARCHITECTURE.md", () => {
  it("names every key that Sluice leaves in Redis, and each begins with the account's hash tag", async () => {
    await using house = await startHouse({ assetsMax: 10 });
    const { account } = house;
    house.sandbox.fault([{ kind: "refuse-assets", keys: ["host-3"], times: "always" }]);
    const seen = new Set<string>();
    const look = async () => {
      for (const key of await account.client.keys(`*${account.name}*`)) seen.add(key);
    };
    await house.push([{ id: "host-3" }, { id: "host-4" }, { nothing: "known" }]);
    await beginHold(account, {
      scope: "account",
      reason: "operator",
      durationMs: null,
      message: "",
    });
    await house.load(
      Array.from({ length: 100 }, (_, index) => ({ id: `held-${index}` })),
      "live",
    );
    await vi.waitFor(async () => {
      await look();
      expect([...seen].some((key) => key.includes(":batch:"))).toBe(true);
    });
    await look();
    const documented = documentedKeys();
    const foreign = [...seen].filter((key) => !key.startsWith(account.base));
    expect(foreign).toEqual([]);
    const unknown = [...seen]
      .map((key) => key.slice(account.base.length))
      .filter((name) => !documented.some((pattern) => pattern.test(name)));
    expect(unknown).toEqual([]);
    expect(seen.size).toBeGreaterThan(20);
  });

  it("names every package and app", () => {
    for (const name of [
      "inventory",
      "governor",
      "service",
      "queue",
      "csam",
      "sources",
      "pipeline",
    ]) {
      expect(TEXT).toContain(`packages/${name}`);
    }
  });
});
