import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listRuns } from "@sluice/queue";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";
import { openPlace } from "./support/sluice.ts";

const TEXT = readFileSync(join(ROOT, "docs/intake.md"), "utf8");
const BIN = join(ROOT, "node_modules/.bin");

describe("docs/intake.md", () => {
  it("shows commands that work as they stand, one after the other", async () => {
    await using place = await openPlace();
    const blocks = [...TEXT.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? "");
    const [makeKey = "", ...sending] = blocks;
    // The guide is one shell; here the intake starts in between.
    await place.write("key.sh", `${makeKey}echo "$KEY" > key\n`.replaceAll("npx ", ""));
    const sh = async (file: string) => {
      const env = { PATH: `${BIN}:${process.env["PATH"]}` };
      const child = spawn("sh", ["-e", file], { cwd: place.dir, env });
      let output = "";
      child.stdout.on("data", (text: Buffer) => (output += text.toString()));
      child.stderr.on("data", (text: Buffer) => (output += text.toString()));
      const [exitCode] = (await once(child, "close")) as [number | null];
      expect(exitCode, output).toBe(0);
      return output;
    };
    await sh("key.sh");
    const settings = {
      SLUICE_INTAKE_KEYS_FILE: join(place.dir, "intake.keys"),
      SLUICE_INTAKE_PORT: "0",
    };
    const up = place.start(["up", "--role", "producer"], { env: { ...place.env, ...settings } });
    const [, url = ""] = await up.line(/^intake: (http:\/\/[\d.:]+)/m);
    expect(TEXT).toContain("http://127.0.0.1:8080/");
    await place.write(
      "send.sh",
      `KEY=$(cat key)\n${sending.join("").replaceAll("http://127.0.0.1:8080", url)}`,
    );
    const output = await sh("send.sh");
    expect(output).toContain('"run":"intake-default-live.nightly-2026-11-22","read":1');
    const runs = await listRuns(place.account);
    expect(runs.map(({ read, lane }) => `${lane} ${read}`).sort()).toEqual([
      "backfill 2",
      "live 1",
      "live 1",
    ]);
  });
});
