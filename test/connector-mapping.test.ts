import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  accountLines,
  createConnector,
  openSubscription,
  writeConfig,
} from "./support/config-file.ts";
import { eventually } from "./support/intake.ts";
import { openPlace, type Place } from "./support/sluice.ts";

const FILE_MAPPING = "fields:\n  id: number\n  hostname: name\n";
const RECORD = '{"number":"n-1","name":"alpha"}\n';

/** A place whose connector `inline` has a mapping of its own in `sluice.yaml`, and `file` one in a file beside it. */
async function openMapped() {
  const place = await openPlace();
  const { sandbox } = place;
  const second = await createConnector(sandbox, "file");
  const head = ["accounts:", ...accountLines("main", place, "PW"), "connectors:"];
  const inline = [
    "  inline:",
    `    uuid: ${sandbox.connectorUuid}`,
    "    mapping:",
    "      fields:",
    "        id: '\"inline-\" & number'",
    "        hostname: name",
    "      tests:",
    "        - input: { number: 7, name: seven }",
    "          asset: { identityAttributes: { sourceNativeKey: inline-7 } }",
  ];
  const file = ["  file:", `    uuid: ${second}`, "    mapping: maps/hosts.yaml"];
  const env = { REDIS_URL: place.env["REDIS_URL"] ?? "", PW: sandbox.password };
  await mkdir(join(place.dir, "maps"));
  await place.write("maps/hosts.yaml", FILE_MAPPING);
  await place.write("hosts.ndjson", RECORD);
  await writeConfig(place, [...head, ...inline, ...file]);
  return { place, second, head, inline, file, env };
}

async function push(
  place: Place,
  env: Record<string, string>,
  connector: string,
  ...more: string[]
) {
  const args = ["push", "hosts.ndjson", "--connector", connector, ...more];
  const { exitCode, stderr } = await place.run(args, { env });
  expect(exitCode, stderr).toBe(0);
}

describe("the mapping of a connector in sluice.yaml", () => {
  it("stands there itself, or in a file; --mapping goes before it", async () => {
    const { place, second, env } = await openMapped();
    await using _ = place;
    const { sandbox } = place;
    await push(place, { ...env, SLUICE_MAPPING: "missing.yaml" }, "inline");
    await push(place, env, "file");
    expect(sandbox.asset(sandbox.connectorUuid, "inline-n-1")).toBeDefined();
    expect(sandbox.asset(second, "n-1")).toBeDefined();
    await place.write("other.yaml", "fields:\n  id: name\n");
    await push(place, env, "inline", "--mapping", "other.yaml");
    expect(sandbox.asset(sandbox.connectorUuid, "alpha")).toBeDefined();
    expect(sandbox.count()).toBe(3);
  });

  it("is what mapping try and mapping test use", async () => {
    const { place, env } = await openMapped();
    await using _ = place;
    const tested = await place.run(["mapping", "test", "--connector", "inline", "--json"], { env });
    expect(JSON.parse(tested.stdout)).toMatchObject({ passed: 1, failed: 0 });
    await place.write("hosts.ndjson", `${RECORD}{"number":"n-2","name":{}}\n`);
    const attempt = ["mapping", "try", "hosts.ndjson", "--json", "--connector"];
    const first = await place.run([...attempt, "file"], { env });
    expect(JSON.parse(first.stdout)).toMatchObject({
      asset: { identityAttributes: { sourceNativeKey: "n-1" } },
    });
    const inline = await place.run([...attempt, "inline", "--line", "2"], { env });
    expect(JSON.parse(inline.stdout)).toMatchObject({
      dead: { errors: [{ mapping: "sluice.yaml:13" }] },
    });
    const file = await place.run([...attempt, "file", "--line", "2"], { env });
    expect(JSON.parse(file.stdout)).toMatchObject({
      dead: { errors: [{ mapping: "maps/hosts.yaml:3" }] },
    });
  });

  it("is tried on records as they lie in the connector's files", async () => {
    const { place, env, head, inline } = await openMapped();
    await using _ = place;
    await writeConfig(place, [...head, ...inline, "    at: data.hosts"]);
    await place.write("hosts.json", '{"data":{"hosts":[{"number":"n-1"},{"number":"n-2"}]}}');
    const args = ["mapping", "try", "hosts.json", "--line", "2", "--json"];
    const { stdout } = await place.run(args, { env });
    expect(JSON.parse(stdout)).toMatchObject({ before: { number: "n-2" } });
  });

  it("has to make the key fields that its connector names", async () => {
    const { place, env, head, inline } = await openMapped();
    await using _ = place;
    await writeConfig(place, [...head, ...inline, "    keyFields: [number, id]"]);
    const checked = await place.run(["config", "check"], { env });
    expect(checked.exitCode).toBe(2);
    expect(checked.stdout).toContain("the key fields number are none of its fields");
  });

  it("is checked with the rest, and its mistakes have their places", async () => {
    const { place, env, head, inline, file } = await openMapped();
    await using _ = place;
    const broken = inline.map((line) => line.replace("hostname: name", "hostname: name &"));
    await writeConfig(place, [...head, ...broken, ...file]);
    await place.write("maps/hosts.yaml", "fields:\n  id: (number\n");
    const check = ["config", "check", "--json"];
    const own = await place.run(check, { env });
    expect(own.exitCode).toBe(2);
    expect(JSON.parse(own.stdout)).toMatchObject({
      problems: [
        expect.stringMatching(
          /^sluice\.yaml:13:\d+: connectors\.inline\.mapping\.fields\.hostname: /,
        ),
        expect.stringMatching(/^maps\/hosts\.yaml:2:\d+: fields\.id: /),
      ],
    });
    await writeConfig(place, [...head, ...inline, ...file]);
    const other = await place.run(check, { env });
    expect(other.exitCode).toBe(2);
    expect(JSON.parse(other.stdout)).toMatchObject({
      problems: [expect.stringMatching(/^maps\/hosts\.yaml:2:\d+: fields\.id: /)],
    });
    const up = await place.run(["up", "--role", "worker"], { env });
    expect([up.exitCode, up.stderr]).toEqual([
      2,
      expect.stringMatching(/maps\/hosts\.yaml:2:\d+: fields\.id: /),
    ]);
  });

  it("changes while up runs; a broken file changes nothing, also not the mappings beside it", async () => {
    const { place, env, head, inline, file, second } = await openMapped();
    await using _ = place;
    await using other = await openSubscription();
    const { sandbox } = place;
    const all = { ...env, OTHER_PW: other.sandbox.password };
    // What enqueues elsewhere has a file of its own.
    await place.write("elsewhere.yaml", [...head, ...inline].join("\n"));
    const enqueue = async (connector: string, config = "sluice.yaml") => {
      const args = ["enqueue", "hosts.ndjson", "--connector", connector, "--config", config];
      expect(await place.run(args, { env: all })).toMatchObject({ exitCode: 0 });
    };
    const roles = ["--role", "worker", "--role", "sender"];
    const up = place.start(["up", ...roles, "--json"], { env: all });
    await up.line(/^\{"roles"/m);
    await place.write("maps/hosts.yaml", "fields:\n  id: (number\n");
    const lines = head.flatMap((line) =>
      line === "connectors:" ? [...accountLines("other", other, "OTHER_PW"), line] : [line],
    );
    const ofMain = [...inline, ...file].map((line) =>
      line.replace(/^    uuid:/, "    account: main\n    uuid:").replace("inline-", "later-"),
    );
    const ofOther = ["  third:", "    account: other", `    uuid: ${other.sandbox.connectorUuid}`];
    await writeConfig(place, [...lines, ...ofOther, ...ofMain]);
    const [refused] = await up.line(/^.*"event":"settings.refused".*$/m);
    expect(JSON.parse(refused)).toMatchObject({
      problems: [expect.stringMatching(/^maps\/hosts\.yaml:2:\d+: fields\.id: /)],
    });
    await enqueue("inline", "elsewhere.yaml");
    await eventually(() =>
      expect(sandbox.asset(sandbox.connectorUuid, "inline-n-1")).toBeDefined(),
    );
    await place.write("maps/hosts.yaml", "fields:\n  id: '\"new-\" & number'\n");
    await up.line(/"event":"settings.applied"/);
    await enqueue("inline");
    await enqueue("file");
    await eventually(() => {
      expect(sandbox.asset(sandbox.connectorUuid, "later-n-1")).toBeDefined();
      expect(sandbox.asset(second, "new-n-1")).toBeDefined();
    });
  });

  it("is followed by itself, also where the environment names it", async () => {
    await using place = await openPlace();
    const { sandbox } = place;
    await place.write("hosts.ndjson", RECORD);
    await place.write("hosts.yaml", FILE_MAPPING);
    const env = { ...place.env, SLUICE_MAPPING: "hosts.yaml" };
    const up = place.start(["up", "--role", "worker", "--role", "sender", "--json"], { env });
    await up.line(/^\{"roles"/m);
    await place.write("hosts.yaml", "fields:\n  id: (number\n");
    await up.line(/hosts\.yaml:2:.*"event":"settings.refused"/);
    await place.write("hosts.yaml", "fields:\n  id: '\"new-\" & number'\n");
    await up.line(/"event":"settings.applied"/);
    expect(await place.run(["enqueue", "hosts.ndjson"], { env })).toMatchObject({ exitCode: 0 });
    await eventually(() => expect(sandbox.asset(sandbox.connectorUuid, "new-n-1")).toBeDefined());
  });
});
