import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";
import { openPlace, type Place } from "./support/sluice.ts";

const GUIDE = readFileSync(join(ROOT, "docs/sandbox.md"), "utf8");

interface Started {
  url: string;
  env: Record<string, string>;
  stop: () => Promise<void>;
}

/** A sandbox as a process of its own, and what a push into it needs. */
async function startCommand(place: Place, ...flags: string[]): Promise<Started> {
  const running = place.start(["sandbox", "--port", "0", "--json", ...flags], { env: {} });
  const [line] = await running.line(/^\{"url":"http.*$/m);
  const { url, connectorUuid, username, password } = JSON.parse(line) as Record<string, string>;
  return {
    url: url ?? "",
    env: {
      ...place.env,
      QUALYS_GATEWAY_URL: url ?? "",
      QUALYS_CONNECTOR_UUID: connectorUuid ?? "",
      QUALYS_USERNAME: username ?? "",
      QUALYS_PASSWORD: password ?? "",
    },
    async stop() {
      running.signal("SIGTERM");
      await running.ended;
    },
  };
}

async function jsonOf(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>;
}

describe("sluice sandbox", () => {
  it("does the faults of a file, and keeps what it took in a store", async () => {
    await using place = await openPlace();
    await place.write("faults.json", '{"seed": 3, "faults": [{"kind": "answer", "status": 503}]}');
    await place.write("hosts.ndjson", '{"id": "one", "hostname": "web-1"}\n');
    const flags = ["--store", "csam.db", "--faults", "faults.json"];
    const first = await startCommand(place, ...flags);
    const { exitCode, stderr } = await place.run(["push", "hosts.ndjson"], { env: first.env });
    expect(exitCode, stderr).toBe(0);
    expect(await jsonOf(`${first.url}/sandbox/faults`)).toMatchObject({
      seed: 3,
      calls: 2,
      faults: [{ taken: 1, left: 0 }],
    });
    await first.stop();
    const again = await startCommand(place, ...flags);
    expect(again.env["QUALYS_CONNECTOR_UUID"]).toBe(first.env["QUALYS_CONNECTOR_UUID"]);
    expect(await jsonOf(`${again.url}/sandbox/assets`)).toMatchObject({
      assets: [{ name: "web-1" }],
    });
    await again.stop();
  });

  it("says plainly when it only counts, or only checks", async () => {
    await using place = await openPlace();
    for (const [flag, words] of [
      ["--counting", /^COUNTING ONLY: bodies are not parsed/m],
      ["--check-only", /^CHECKING ONLY: /m],
    ] as const) {
      const running = place.start(["sandbox", "--port", "0", flag], { env: {} });
      await running.line(/Ctrl-C/);
      running.signal("SIGTERM");
      expect((await running.ended).stderr).toMatch(words);
    }
  });

  it.for([
    [["--counting", "--check-only"], "Choose one of --check-only and --counting"],
    [["--faults", "none.json"], 'Cannot read the faults in "none.json": ENOENT'],
    [["--faults", "bad.json"], "faults[0].kind: "],
    [["--store", "bad.json"], 'Cannot use "bad.json" as the sandbox\'s store: '],
  ] as const)("has %j beside it: ends with 2 and a hint", async ([flags, hint]) => {
    await using place = await openPlace();
    await place.write("bad.json", '[{"kind": "explode"}]'.padEnd(1_000));
    const ended = await place.run(["sandbox", "--port", "0", ...flags], { env: {} });
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain(hint);
  });
});

describe("docs/sandbox.md", () => {
  it("shows commands that work as they stand", async () => {
    await using place = await openPlace();
    const blocks = [...GUIDE.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? "");
    const [startLine = "", ...lines] = blocks.join("").trim().split("\n");
    expect(startLine).toMatch(/^npx sluice sandbox --port 8765 /);
    const flags = startLine.split(" ").slice(5);
    const { url, stop } = await startCommand(place, ...flags);
    const answers: unknown[] = [];
    for (const line of lines) {
      const command = line.replace("http://127.0.0.1:8765", url);
      const { stdout } = await promisify(execFile)("sh", ["-c", command]);
      answers.push(JSON.parse(stdout));
    }
    await stop();
    expect(answers).toMatchObject([
      { name: "CMDB" },
      { limit: 50, windowMs: 60_000, toWait: "missing" },
      { assets: [] },
    ]);
  });
});
