import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";
import { hostLines, openPlace } from "./support/sluice.ts";

const TEXT = readFileSync(join(ROOT, "docs/configuration.md"), "utf8");

describe("docs/configuration.md", () => {
  it("shows commands that work as they stand, and a file that passes its check", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(3));
    const [, block = ""] = /```sh\n([\s\S]*?)```/.exec(TEXT) ?? [];
    const lines = block
      .trim()
      .split("\n")
      .map((line) => line.replace(/\s+# .*$/, ""));
    const { SLUICE_ACCOUNT: _, ...env } = place.embedded;
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      const { exitCode, stderr } = await place.run(line.split(" ").slice(2), { env });
      expect(exitCode, `${line}\n${stderr}`).toBe(0);
    }
    expect(place.sandbox.count()).toBe(3);

    const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(TEXT) ?? [];
    await place.write("sluice.yaml", example);
    mkdirSync(join(place.dir, "secrets"));
    await place.write("secrets/lab", "secret");
    const checked = await place.run(["config", "check"], { env });
    expect([checked.exitCode, checked.stdout]).toEqual([
      0,
      "sluice.yaml is right: 2 accounts, 2 connectors\n",
    ]);
  });
});
