import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { sampleLines } from "@sluice/sources";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";

const TEXT = readFileSync(join(ROOT, "README.md"), "utf8");
const BIN = join(ROOT, "node_modules/.bin");

/** The lines of the README's shell blocks, without their comments. */
function shellLines(): string[] {
  const blocks = [...TEXT.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? "");
  return blocks
    .flatMap((block) => block.split("\n"))
    .map((line) => line.replace(/\s+# .*$/, "").trim())
    .filter((line) => line !== "");
}

interface Ended {
  exitCode: number | null;
  output: string;
}

/** `npx` finds our command only inside the project; here it is on PATH. */
async function run(line: string, cwd: string, env: Record<string, string>): Promise<Ended> {
  const PATH = `${BIN}:${process.env["PATH"]}`;
  const child = spawn("sh", ["-c", line.replace(/^npx /, "")], {
    cwd,
    env: { ...process.env, ...env, PATH },
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  child.stderr.on("data", (text: Buffer) => (output += text.toString()));
  child.stdin.end();
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, output };
}

describe("README.md", () => {
  it("shows two commands for a fresh machine that the project has", () => {
    const scripts = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      scripts: object;
    };
    expect(shellLines().slice(0, 2)).toEqual(["npm ci && npm run demo", "npm ci && npm test"]);
    expect(scripts.scripts).toMatchObject({ demo: "sluice demo", test: "vitest run" });
  });

  it("and the page of the sandbox show pictures that are there, and small", () => {
    for (const name of ["README.md", "docs/sandbox-page.md"]) {
      const path = join(ROOT, name);
      const pictures = [...readFileSync(path, "utf8").matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)];
      expect(pictures.length).toBeGreaterThan(0);
      for (const [, picture = ""] of pictures) {
        expect(statSync(join(dirname(path), picture)).size, picture).toBeLessThan(150_000);
      }
    }
  });

  it("shows commands that work as they stand, one after the other", async () => {
    const dir = await mkdtemp(join(tmpdir(), "sluice-readme-"));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rm(dir, { recursive: true, force: true }));
    const inventory = sampleLines({ assets: 120, seed: 2, profile: "low-entropy" });
    await writeFile(
      join(dir, "hosts.ndjson"),
      inventory.map((line) => `${line}\n`),
    );
    const [sandboxLine, ...lines] = shellLines().slice(2);
    expect(sandboxLine).toBe("npx sluice sandbox");
    const sandbox = spawn(join(BIN, "sluice"), ["sandbox", "--port", "0"], { cwd: dir });
    stack.defer(async () => {
      sandbox.kill("SIGTERM");
      await once(sandbox, "exit");
    });
    const env: Record<string, string> = {};
    for await (const line of createInterface(sandbox.stdout)) {
      const [, name, value] = /^export (\w+)=(\S+)$/.exec(line) ?? [];
      if (name && value) env[name] = value;
      if (Object.keys(env).length === 4) break;
    }
    for (const line of lines) {
      const { exitCode, output } = await run(line, dir, env);
      expect(exitCode, `${line}\n${output}`).toBe(0);
    }
    expect(lines.length).toBeGreaterThan(5);
    const again = await run("npx sluice push hosts.ndjson --json", dir, env);
    expect(
      JSON.parse(again.output.split("\n").find((line) => line.startsWith('{"run"')) ?? "{}"),
    ).toMatchObject({
      read: 120,
      unchanged: 120,
      calls: 0,
    });
  });
});
