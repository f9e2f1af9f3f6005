import { describe, expect, it } from "vitest";
import { z } from "zod";
import { FIRST_FILE } from "./first-file.ts";
import { fileSchema, jsonSchemaOfFile, jsonSchemaOfMapping } from "./file-schema.ts";

describe("the JSON Schema of sluice.yaml", () => {
  it("lets editors see what config check would say of one value", () => {
    const editor = z.fromJSONSchema(jsonSchemaOfFile());
    const main = { platform: "EU2", username: "joe", password: "${PW}" };
    const cmdb = { uuid: "da4b8361-2327-4bf1-af7d-2ce775bc9882", mapping: { fields: { id: "n" } } };
    const file = { accounts: { main }, connectors: { cmdb } };
    const placeIn = (wrong: object) =>
      editor.safeParse({ ...file, ...wrong }).error?.issues.map(({ path }) => path.join("."));
    expect(placeIn({})).toBeUndefined();
    expect(placeIn({ connectors: { cmdb: { uuid: "${THE_UUID}" } } })).toBeUndefined();
    expect([
      placeIn({ accounts: {} }),
      placeIn({ connectors: {} }),
      placeIn({ accounts: { main: { ...main, platform: "EU9" } } }),
      placeIn({ accounts: { main: { ...main, password: "hunter2" } } }),
      placeIn({ connectors: { cmdb: { uuid: "da4b8361" } } }),
    ]).toEqual([
      ["accounts"],
      ["connectors"],
      ["accounts.main.platform"],
      ["accounts.main.password"],
      ["connectors.cmdb.uuid"],
    ]);
  });
});

describe("the first sluice.yaml", () => {
  it("shows every key, be it as a comment", () => {
    const { accounts, connectors } = fileSchema.shape;
    const sections = [accounts.valueType, connectors.valueType];
    const keys = sections.flatMap((section) => Object.keys(section.shape));
    expect(keys.length).toBeGreaterThan(20);
    const isShown = (key: string) => new RegExp(`^    (?:# )?${key}: `, "m").test(FIRST_FILE);
    expect(keys.filter((key) => !isShown(key))).toEqual([]);
  });
});

describe("the JSON Schema of mappings", () => {
  it("knows their fields", () => {
    const editor = z.fromJSONSchema(jsonSchemaOfMapping());
    expect(editor.safeParse({ fields: { id: "number" }, tests: [] }).success).toBe(true);
    expect(editor.safeParse({ fields: { id: "number", colour: "blue" } }).success).toBe(false);
  });
});
