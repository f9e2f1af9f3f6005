import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LINT_RULES } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";
import { openPlace } from "./support/sluice.ts";

const TEXT = readFileSync(join(ROOT, "docs/plan.md"), "utf8");
const [, hosts = "", command = "", output = ""] =
  /```json\n([\s\S]*?)```\n\n```sh\nnpx sluice (.+)\n```\n\n```\n([\s\S]*?)```/.exec(TEXT) ?? [];
const CONNECTOR = "da4b8361-2327-4bf1-af7d-2ce775bc9882";

describe("docs/plan.md", () => {
  it("shows what sluice plan prints", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hosts);
    const env = { ...place.embedded, QUALYS_CONNECTOR_UUID: CONNECTOR };
    const planned = await place.run(command.split(" "), { env });
    expect(planned.stdout).toBe(output);
    expect(planned.exitCode).toBe(3);
  });

  it("names what the JSON has", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hosts);
    const { stdout } = await place.run(["plan", "hosts.ndjson", "--json"]);
    const figures = ["new", "changed", "unchanged", "coalesced", "dead", "calls", "read"];
    for (const name of Object.keys(JSON.parse(stdout) as object)) {
      if (!figures.includes(name)) expect(TEXT).toContain(`\`${name}\``);
    }
  });

  it("has every rule of the lint, with its problem", () => {
    for (const [code, { problem }] of Object.entries(LINT_RULES)) {
      expect(TEXT).toContain(`| \`${code}\` | ${problem} |`);
    }
  });
});
