import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listDeadLetters, openRun, readRun } from "@sluice/queue";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";
import { hostLines, openPlace, type Ended } from "./support/sluice.ts";

const TEXT = readFileSync(join(ROOT, "docs/dead-letters.md"), "utf8");

/** The commands of the guide in their order, without npx and sluice and their comments. */
const COMMANDS = [...TEXT.matchAll(/^npx sluice (.+?)(?: +#.*)?$/gm)].map(([, line = ""]) => line);

describe("docs/dead-letters.md", () => {
  it("shows commands that work, one after the other", async () => {
    await using place = await openPlace();
    const { account, sandbox } = place;
    // A record for each reason that data alone bring about; one of them is the one that the guide names.
    const lines = ["{oops", '{"os":"no key"}', '{"id":"wrong","memory_mb":{}}', '{"id":"host-17"}'];
    await place.write("hosts.ndjson", `${lines.join("\n")}\n${hostLines(2)}`);
    const refused = { kind: "refuse-assets", message: "no such site", times: "always" } as const;
    sandbox.fault([{ ...refused, keys: ["host-17"] }]);
    await place.run(["push", "hosts.ndjson"]);
    const reasons = (await listDeadLetters(account)).map(({ reason }) => reason);
    expect(reasons).toHaveLength(4);
    for (const reason of reasons) expect(TEXT).toContain(`\`${reason}\``);
    const [letter] = await listDeadLetters(account);
    const options = { connector: sandbox.connectorUuid, lane: "live" } as const;
    const open = await openRun(account, { ...options, description: { sources: [] } });
    const ended: Ended[] = [];
    for (const command of COMMANDS) {
      const run = command.startsWith("runs") ? open : (letter?.run ?? "");
      const [words = "", file] = command.replace("RUN", run).split(" > ");
      const one = await place.run(words.split(" "));
      // A push of records that were not corrected leaves their letters.
      expect([0, 3], `${command}\n${one.stderr}`).toContain(one.exitCode);
      if (file !== undefined) await place.write(file, one.stdout);
      ended.push(one);
    }
    expect(ended).toHaveLength(10);
    expect(await readRun(account, open)).toMatchObject({ state: "aborted" });
    expect(ended[0]?.stdout).toContain("refused: 1, the newest host-17");
  });

  it("names the bound and its default as they are", () => {
    const example = readFileSync(join(ROOT, ".env.example"), "utf8");
    const [, bound = ""] = /^#SLUICE_DEAD_LETTERS_MAX=(\d+)$/m.exec(example) ?? [];
    expect(TEXT).toContain(
      `\`SLUICE_DEAD_LETTERS_MAX\` letters (${Number(bound).toLocaleString("en-US")})`,
    );
  });
});
