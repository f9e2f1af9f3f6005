import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { compileMapping, mappingSchema } from "@sluice/mapping";
import { readYaml } from "@sluice/service";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";
import { openPlace, type Place } from "./support/sluice.ts";

const TEXT = readFileSync(join(ROOT, "docs/mapping-guide.md"), "utf8");
const BIN = join(ROOT, "node_modules/.bin");

function blocks(language: string): string[] {
  const pattern = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g");
  return [...TEXT.matchAll(pattern)].map(([, block]) => block ?? "");
}

/** What a shell says when a reader types a block into it, and the code of its last command. */
async function sh({ dir, env }: Place, block: string) {
  const PATH = `${BIN}:${process.env["PATH"]}`;
  const text = block.replaceAll("npx ", "");
  const child = spawn("sh", ["-e", "-c", text], { cwd: dir, env: { ...env, PATH } });
  let output = "";
  child.stdout.on("data", (part: Buffer) => (output += part.toString()));
  child.stderr.on("data", (part: Buffer) => (output += part.toString()));
  child.stdin.end();
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { output, exitCode };
}

/** What each block of commands prints, and the code that it ends with. */
const STEPS = [
  [/"sourceNativeKey": "SN26919AM"/, 0],
  [/^$/, 0],
  [/2 tests passed, 0 failed[^]*"sourceNativeKey": "NET-1039"/, 0],
  [/57 new, 0 changed[^]*3 records[^]*"retired" is not in the lookup/, 3],
  [/60 new, 0 changed/, 0],
  [/60 delivered/, 0],
  [/12 delivered[^\n]*48 unchanged/, 0],
  [/1 test passed, 0 failed/, 0],
] as const;

describe("docs/mapping-guide.md", () => {
  it("shows commands that work as they stand, one after the other", async () => {
    await using place = await openPlace();
    await cp(join(ROOT, "examples"), join(place.dir, "examples"), { recursive: true });
    expect(blocks("sh")).toHaveLength(STEPS.length);
    for (const [index, block] of blocks("sh").entries()) {
      const [printed, code] = STEPS[index] ?? [/never/, 0];
      const { output, exitCode } = await sh(place, block);
      expect(output, block).toMatch(printed);
      expect(exitCode, `${block}\n${output}`).toBe(code);
    }
    expect(place.sandbox.count()).toBe(60);
  });

  it("shows mappings that have no mistake", () => {
    for (const block of blocks("yaml")) {
      const yaml = readYaml(block, mappingSchema);
      expect(yaml.kind === "value" && compileMapping(yaml.value)).toMatchObject({
        kind: "compiled",
      });
    }
    expect(blocks("yaml")).toHaveLength(1);
  });
});
