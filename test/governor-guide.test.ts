import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";
import { hostLines, openPlace, type Place } from "./support/sluice.ts";

const TEXT = readFileSync(join(ROOT, "docs/governor.md"), "utf8");

/** Each command of the guide, without npx and sluice, with the output that it shows for it. */
const EXAMPLES = [...TEXT.matchAll(/```sh\nnpx sluice (.+)\n```\n\n```\n([\s\S]*?)```/g)].map(
  ([, command = "", output = ""]) => ({ command, output }),
);

async function outputOf(place: Place, command: string): Promise<string> {
  const { exitCode, stdout, stderr } = await place.run(command.split(" "));
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** Names and figures are another place's. */
function shapeOf(line: string): string {
  return line.replace(/^account .*/, "account").replaceAll(/[\d.,]+/g, "#");
}

describe("docs/governor.md", () => {
  it("shows what sluice simulate prints", async () => {
    await using place = await openPlace();
    const simulations = EXAMPLES.filter(({ command }) => command.startsWith("simulate"));
    expect(simulations).toHaveLength(2);
    for (const { command, output } of simulations) {
      expect(await outputOf(place, command)).toBe(output);
    }
  });

  it("shows what sluice status prints, and names what its JSON has", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(20));
    await outputOf(place, "push hosts.ndjson");
    const [example] = EXAMPLES.filter(({ command }) => command === "status");
    const shown = (example?.output ?? "").trimEnd().split("\n").map(shapeOf);
    expect(shown).toHaveLength(4);
    const printed = (await outputOf(place, "status")).split("\n").map(shapeOf);
    expect(printed.slice(0, shown.length)).toEqual(shown);
    const status = JSON.parse(await outputOf(place, "status --json")) as {
      accounts: { budget: object }[];
    };
    for (const name of status.accounts.flatMap(({ budget }) => Object.keys(budget)))
      expect(TEXT).toContain(`\`${name}\``);
  });

  it("names every variable of the budget", () => {
    const example = readFileSync(join(ROOT, ".env.example"), "utf8");
    const names = example.match(/SLUICE_(PACING|CALLS_\w+)/g) ?? [];
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(TEXT).toContain(name);
  });
});
