import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assetErrorShapes } from "../page/asset-error-shapes.ts";
import { behaviourChangesSchema, defaultBehaviour } from "./behaviour.ts";
import { parseFaultPlan } from "./faults/fault.ts";
import { startSandbox } from "./sandbox.ts";
import { ask } from "./test-client.ts";

function read(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
}

const guide = read("sandbox.md");
const reference = read("sandbox-api.md");

/** The rows of the guide's table of what is not documented, as setting and values. */
const variants = new Map(
  [...guide.matchAll(/^\| [^|]+\? \| `(\w+)` \| (.+) \|$/gm)].map(([, name = "", values = ""]) => [
    name,
    values,
  ]),
);

describe("docs/sandbox.md", () => {
  it("has every setting with its values, the default first", () => {
    expect([...variants.keys()].sort()).toEqual(Object.keys(defaultBehaviour).sort());
    for (const [name, value] of Object.entries(defaultBehaviour)) {
      expect(variants.get(name)).toMatch(new RegExp(`^\`${String(value)}\``));
    }
    for (const shape of assetErrorShapes) expect(variants.get("assetErrors")).toContain(shape);
  });

  it("shows values that can be set", () => {
    for (const [name, values] of variants) {
      for (const part of values.split("; ")) {
        const [, value = ""] = /^`([^`]+)`/.exec(part) ?? [];
        const typed = /^(\d+|true|false)$/.test(value) ? (JSON.parse(value) as unknown) : value;
        expect(behaviourChangesSchema.safeParse({ [name]: typed }).success, part).toBe(true);
      }
    }
  });

  it("shows a fault script that can be read", () => {
    const [, script = ""] = /```json\n([\s\S]*?)```/.exec(guide) ?? [];
    expect(parseFaultPlan(script).faults).toHaveLength(8);
  });
});

describe("docs/sandbox-api.md", () => {
  it("names routes that there are", async () => {
    await using sandbox = await startSandbox();
    const routes = [...reference.matchAll(/`(GET|POST|PUT|PATCH) \/sandbox\/(\S+)`/g)];
    expect(routes.length).toBeGreaterThan(15);
    for (const [, method = "", path = ""] of routes) {
      if (path === "events") continue;
      const target = path.replace("UUID", sandbox.connectorUuid).replace("ID", "1");
      const { json } = await ask(sandbox, method, target, method === "GET" ? undefined : []);
      expect(JSON.stringify(json), `${method} ${path}`).not.toContain("Route");
    }
  });

  it("shows the settings as they are at the start", async () => {
    const [, shown = ""] = /PATCH \/sandbox\/settings;.*\n([\s\S]*?)```/.exec(reference) ?? [];
    await using sandbox = await startSandbox();
    expect(JSON.parse(shown)).toEqual((await ask(sandbox, "GET", "settings")).json);
  });
});
