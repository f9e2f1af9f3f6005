import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransform, mappingPolicy, type ChunkRecord } from "@sluice/inventory";
import { outcomeOf } from "@sluice/pipeline";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { IsolatedProcess } from "./isolated-process.ts";

const policy = mappingPolicy({ connectorUuid: "da4b8361-2327-4bf1-af7d-2ce775bc9882" });
const recipe = {
  module: new URL("../../sluice/src/mapping/load-transform.ts", import.meta.url).href,
  settings: { policy, mapping: null },
};
const DEADLY = new URL("../../../test/support/deadly-records.ts", import.meta.url);
const PATIENCE_MS = 60_000;

function recordOf(fields: object): ChunkRecord {
  return { text: JSON.stringify({ id: "a", hostname: "h", ...fields }), line: 1 };
}

function begin(signal: AbortSignal = new AbortController().signal): IsolatedProcess {
  return new IsolatedProcess(recipe, signal);
}

beforeEach(() => {
  vi.stubEnv("NODE_OPTIONS", `--import=${DEADLY.href}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("an isolated process", { timeout: PATIENCE_MS }, () => {
  it.for([
    recordOf({ software: ["vim"], vulnerabilities: [{ cve: "CVE-2020-1234", severity: 5 }] }),
    recordOf({ memory_mb: {} }),
    { text: "{oops", line: 3, problem: "it is cut off" },
    { text: "{}", line: 4 },
  ])("makes of %j what this process makes of it", async (record) => {
    await using isolation = begin();
    expect(await isolation.transform(record)).toEqual(outcomeOf(record, createTransform(policy)));
  });

  it("says why it can't begin, such as by a mapping that is wrong", async () => {
    const mapping = { kind: "file", path: "nowhere.yaml" };
    const broken = { ...recipe, settings: { ...recipe.settings, mapping } };
    await using isolation = new IsolatedProcess(broken, new AbortController().signal);
    await expect(isolation.transform(recordOf({}))).rejects.toThrow(
      'Cannot begin to transform in isolation: Cannot read the mapping "nowhere.yaml": ENOENT',
    );
  });

  it.for([
    ["heap", "it took more than 256 MB of memory"],
    ["exit", "it ended its process with code 7"],
    ["abort", "it ended its process with SIGABRT"],
    ["kill", "it ended its process with SIGKILL"],
  ])("survives a record that does %s, says how it went, and goes on", async ([deadly, how]) => {
    await using isolation = begin();
    expect(await isolation.transform(recordOf({ deadly }))).toEqual({ kind: "killed", how });
    expect(await isolation.transform(recordOf({}))).toMatchObject({ kind: "asset", key: "a" });
  });

  it("survives a record that never ends, says so, and goes on", async () => {
    await using isolation = new IsolatedProcess(recipe, new AbortController().signal, 3_000);
    const how = "it took longer than 3000 ms";
    expect(await isolation.transform(recordOf({ deadly: "loop" }))).toEqual({
      kind: "killed",
      how,
    });
    expect(await isolation.transform(recordOf({}))).toMatchObject({ kind: "asset", key: "a" });
  });

  it("tells what a record made the transform throw, and goes on", async () => {
    await using isolation = begin();
    const how = "it failed with RangeError: Maximum call stack size exceeded";
    const record = recordOf({ hostname: "bottomless" });
    expect(await isolation.transform(record)).toEqual({ kind: "killed", how });
    expect(await isolation.transform(recordOf({}))).toMatchObject({ kind: "asset", key: "a" });
  });

  it("takes the connector's own mapping along, and survives it", async () => {
    const dir = await mkdtemp(join(tmpdir(), "sluice-isolated-"));
    const path = join(dir, "deadly.mapping.ts");
    await writeFile(
      path,
      `import { defineMapping } from "@sluice/mapping";
       export const mapping = defineMapping({
         map: ({ id }) => (id === "deadly" ? process.exit(9) : { id: "own-" + String(id) }),
       });\n`,
    );
    try {
      const own = { ...recipe, settings: { policy, mapping: { kind: "file", path } } };
      await using isolation = new IsolatedProcess(own, new AbortController().signal);
      expect(await isolation.transform(recordOf({}))).toMatchObject({
        kind: "asset",
        key: "own-a",
      });
      const how = "it ended its process with code 9";
      expect(await isolation.transform(recordOf({ id: "deadly" }))).toEqual({
        kind: "killed",
        how,
      });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it("ends at once when its worker stops, and blames no record", async () => {
    const stopping = new AbortController();
    await using isolation = begin(stopping.signal);
    expect(await isolation.transform(recordOf({}))).toMatchObject({ kind: "asset" });
    const endless = isolation.transform(recordOf({ deadly: "loop" }));
    stopping.abort();
    await expect(endless).rejects.toThrow("the worker stops; the next one goes on");
  });
});
