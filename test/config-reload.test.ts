import { rm, symlink, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { readHolds } from "@sluice/queue";
import { describe, expect, it } from "vitest";
import {
  accountLines,
  createConnector,
  openSubscription,
  writeConfig,
} from "./support/config-file.ts";
import { eventually } from "./support/intake.ts";
import { hostLines, openPlace, type Place } from "./support/sluice.ts";

/** A running `sluice up` by a file with one connector, `one`. */
async function startUp(place: Place, env: Record<string, string> = {}) {
  const all = { REDIS_URL: place.env["REDIS_URL"] ?? "", PW: place.sandbox.password, ...env };
  const account = ["accounts:", ...accountLines("main", place, "PW"), "connectors:"];
  const one = `  one: { uuid: ${place.sandbox.connectorUuid} }`;
  await writeConfig(place, [...account, one]);
  const up = place.start(["up", "--role", "worker", "--role", "sender", "--json"], { env: all });
  await up.line(/^\{"roles"/m);
  return { up, env: all, account, one };
}

async function enqueue(place: Place, env: Record<string, string>, connector: string, text: string) {
  await place.write("some.ndjson", text);
  const args = ["enqueue", "some.ndjson", "--connector", connector];
  const { exitCode, stderr } = await place.run(args, { env });
  expect(exitCode, stderr).toBe(0);
}

describe("a running sluice up", () => {
  it("takes up a connector that is added, and a changed mapping for the next chunk", async () => {
    await using place = await openPlace();
    const { sandbox } = place;
    const { up, env, account, one } = await startUp(place);
    const second = await createConnector(sandbox, "two");
    await enqueue(place, env, "one", '{"id":"a","number":"n-1"}\n');
    await eventually(() => expect(sandbox.asset(sandbox.connectorUuid, "a")).toBeDefined());
    await writeConfig(place, [
      ...account,
      one.replace(" }", ", keyFields: [number] }"),
      `  two: { uuid: ${second} }`,
    ]);
    const [applied] = await up.line(/^.*"event":"settings.applied".*$/m);
    expect(JSON.parse(applied)).toMatchObject({
      level: "info",
      files: ["sluice.yaml"],
      accounts: ["main"],
      connectors: ["one", "two"],
    });
    await enqueue(place, env, "one", '{"id":"a","number":"n-1"}\n');
    await enqueue(place, env, "two", '{"id":"b"}\n');
    await eventually(() => expect(sandbox.asset(sandbox.connectorUuid, "n-1")).toBeDefined());
    await eventually(() => expect(sandbox.asset(second, "b")).toBeDefined());
  });

  it("changes nothing for a broken file, and says what is wrong; the next good one counts", async () => {
    await using place = await openPlace();
    const { sandbox } = place;
    const { up, env, account, one } = await startUp(place);
    await writeConfig(place, [...account, one.replace("uuid", "uid"), "more: 1"]);
    const [refused] = await up.line(/^.*"event":"settings.refused".*$/m);
    expect(JSON.parse(refused)).toMatchObject({
      level: "error",
      problems: [
        "sluice.yaml:8:3: connectors.one.uuid: is missing",
        'sluice.yaml:8:10: connectors.one.uid: there is no "uid" here; did you mean "uuid"?',
        'sluice.yaml:9:1: more: there is no "more" here; known are accounts, connectors',
      ],
    });
    const run = ["push", "-", "--connector", "one", "--json"];
    expect((await place.run(run, { env, input: '{"id":"a"}' })).exitCode).toBe(2);
    await rm(join(place.dir, "sluice.yaml"));
    await up.line(/"problems":\["cannot read \\"sluice.yaml\\"/);
    await writeConfig(place, [...account, one.replace(" }", ", enabled: false }")]);
    await up.line(/"event":"settings.applied"/);
    expect(await readHolds(place.account)).toMatchObject([
      { scope: sandbox.connectorUuid, reason: "disabled-in-file" },
    ]);
    await writeConfig(place, [...account, one]);
    await eventually(async () => expect(await readHolds(place.account)).toEqual([]));
    await enqueue(place, env, "one", hostLines(3));
    await eventually(() => expect(sandbox.count()).toBe(3));
  });

  it("follows a mapping that was wrong or absent when it was named", async () => {
    await using place = await openPlace();
    const { sandbox } = place;
    const { up, env, account, one } = await startUp(place);
    await writeConfig(place, [...account, one.replace(" }", ", mapping: new.yaml }")]);
    await up.line(/"problems":\["sluice.yaml:8:\d+: connectors.one.mapping: cannot read/);
    await place.write("new.yaml", "fields: { id: number + }\n");
    await up.line(/"problems":\["new.yaml:1:\d+: fields.id: /);
    await place.write("new.yaml", "fields: { id: number }\n");
    await up.line(/"event":"settings.applied"/);
    await enqueue(place, env, "one", '{"id":"a","number":"n-1"}\n');
    await eventually(() => expect(sandbox.asset(sandbox.connectorUuid, "n-1")).toBeDefined());
  });

  it("reads a changed module anew, with what it imports, whatever its time says", async () => {
    await using place = await openPlace();
    const { sandbox } = place;
    const write = async (name: string) => {
      await place.write("os.ts", `export const os = "${name}";\n`);
      const made = "{ id: String(id), os: `${os} ${version}` }";
      await place.write(
        "m.ts",
        `import { os } from "./os.ts";\nconst version = "${name}";\nexport const mapping = { map: ({ id }) => (${made}) };\n`,
      );
      // As tools leave it that copy files, or make images.
      await utimes(join(place.dir, "m.ts"), 0, 0);
    };
    await write("one");
    const { up, env, account, one } = await startUp(place);
    await writeConfig(place, [...account, one.replace(" }", ", mapping: m.ts }")]);
    await up.line(/"files":\["sluice.yaml","m.ts"\]/);
    await write("two");
    await eventually(() => expect(up.stderr.match(/"event":"settings.applied"/g)).toHaveLength(2));
    await enqueue(place, env, "one", '{"id":"a"}\n');
    const received = () => sandbox.asset(sandbox.connectorUuid, "a")?.received;
    await eventually(() => expect(received()).toContain('"operatingSystem":"two two"'));
  });

  it("follows a file that is a link into a folder that is replaced, as in a cluster", async () => {
    await using place = await openPlace();
    const { up, env, account, one } = await startUp(place);
    await place.write("before.yaml", [...account, one].join("\n"));
    await place.write("after.yaml", [...account, one.replace("one", "renamed")].join("\n"));
    const link = join(place.dir, "sluice.yaml");
    const point = async (name: string) => {
      await unlink(link);
      await symlink(name, link);
    };
    await point("before.yaml");
    await point("after.yaml");
    await up.line(/"event":"settings.applied"/);
    await enqueue(place, env, "renamed", hostLines(1));
    await eventually(() => expect(place.sandbox.count()).toBe(1));
  });

  it("begins and ends with the accounts of the file", async () => {
    await using place = await openPlace();
    await using other = await openSubscription();
    const env = { OTHER_PW: other.sandbox.password };
    const { up, env: all, account, one } = await startUp(place, env);
    await writeConfig(place, [
      "accounts:",
      ...accountLines("other", other, "OTHER_PW"),
      "connectors:",
      `  two: { uuid: ${other.sandbox.connectorUuid} }`,
    ]);
    await up.line(/"event":"settings.applied"/);
    await enqueue(place, all, "two", hostLines(2));
    await eventually(() => expect(other.sandbox.count()).toBe(2));
    await writeConfig(place, [...account, one]);
    await eventually(async () => {
      const status = await place.run(["status", "--json"], { env: all });
      expect(JSON.parse(status.stdout)).toMatchObject({ accounts: [{ backlog: { senders: 1 } }] });
    });
  });

  it("reads a changed password file at SIGHUP", async () => {
    await using place = await openPlace();
    const { sandbox, account } = place;
    await place.write("password", "wrong");
    await writeConfig(place, [
      "accounts:",
      ...accountLines("main", place, "PW").map((line) =>
        line.replace("password: ${PW}", "passwordFile: password"),
      ),
      "connectors:",
      `  one: { uuid: ${sandbox.connectorUuid} }`,
    ]);
    const env = { REDIS_URL: place.env["REDIS_URL"] ?? "" };
    const up = place.start(["up", "--role", "worker", "--role", "sender", "--json"], { env });
    await up.line(/^\{"roles"/m);
    await enqueue(place, env, "one", hostLines(2));
    await eventually(async () => {
      expect(await readHolds(account)).toMatchObject([{ reason: "credentials" }]);
    });
    await place.write("password", sandbox.password);
    up.signal("SIGHUP");
    await eventually(() => expect(sandbox.count()).toBe(2));
  });

  it("is not ended by a SIGHUP that comes while it starts, or stops; the first one is heeded", async () => {
    await using place = await openPlace();
    const up = place.start(["up"]);
    await up.line(/^the producer does not run/m);
    up.signal("SIGHUP");
    await up.line(/"event":"settings.applied"/);
    up.signal("SIGTERM");
    up.signal("SIGHUP");
    expect((await up.ended).exitCode).toBe(0);
  });

  it("puts credentials into force later that it could not when it read them", async () => {
    await using place = await openPlace();
    const { sandbox, account } = place;
    const { up, env, account: lines, one } = await startUp(place, { WRONG: "wrong" });
    await writeConfig(place, [...lines.map((line) => line.replace("PW", "WRONG")), one]);
    await up.line(/"event":"settings.applied"/);
    await enqueue(place, env, "one", hostLines(2));
    await eventually(async () => {
      expect(await readHolds(account)).toMatchObject([{ reason: "credentials" }]);
    });
    // Nobody can decide anything about calls meanwhile.
    await account.client.rename(account.key("governor"), account.key("aside"));
    await account.client.set(account.key("governor"), "x");
    await writeConfig(place, [...lines, one]);
    await up.line(/"event":"settings.refused"/);
    await account.client.rename(account.key("aside"), account.key("governor"));
    await eventually(() => expect(sandbox.count()).toBe(2));
  });
});
