import { readHolds } from "@sluice/queue";
import { describe, expect, it } from "vitest";
import { accountLines, openSubscription, writeConfig } from "./support/config-file.ts";
import { eventually } from "./support/intake.ts";
import { hostLines, openPlace, type Ended } from "./support/sluice.ts";

function objectOf({ stdout, stderr }: Ended): unknown {
  expect(stdout, stderr).not.toBe("");
  return JSON.parse(stdout);
}

describe("two accounts of one process", () => {
  it("have a budget each: the flood, the 401 and the hold of one are nothing to the other", async () => {
    // One call in an hour, and the wrong password for it.
    await using place = await openPlace({ limit: 1, windowMs: 3_600_000 });
    await using other = await openSubscription();
    const { connectorUuid } = place.sandbox;
    const config = (password: string) => [
      "accounts:",
      ...accountLines("slow", place, password),
      ...accountLines("quick", other, "OTHER_PW"),
      "connectors:",
      `  a: { uuid: ${connectorUuid}, account: slow, batch: { assets: 10 } }`,
      `  b: { uuid: ${other.sandbox.connectorUuid}, account: quick, batch: { assets: 10 } }`,
    ];
    await writeConfig(place, config("WRONG_PW"));
    const env = {
      REDIS_URL: place.env["REDIS_URL"] ?? "",
      PW: place.sandbox.password,
      WRONG_PW: "wrong",
      OTHER_PW: other.sandbox.password,
    };
    await place.write("hosts.ndjson", hostLines(40));
    const up = place.start(["up", "--role", "worker", "--role", "sender", "--json"], { env });
    await up.line(/^\{"roles".*"accounts":\["slow","quick"\]/m);
    const enqueue = async (connector: string) =>
      await place.run(["enqueue", "hosts.ndjson", "--connector", connector], { env });

    await enqueue("a");
    await eventually(async () => {
      expect(await readHolds(place.account)).toMatchObject([{ reason: "credentials" }]);
    });
    await enqueue("b");
    await eventually(() => expect(other.sandbox.count()).toBe(40));
    expect(place.sandbox.count()).toBe(0);
    expect(await readHolds(other.account)).toEqual([]);

    // Credentials that work end the hold; then the one call is used up, and the rest waits for the hour to pass.
    await writeConfig(place, config("PW"));
    await up.line(/"event":"settings.applied"/);
    await eventually(() => expect(place.sandbox.count()).toBe(10));
    await place.write("hosts.ndjson", hostLines(50));
    await enqueue("b");
    await eventually(() => expect(other.sandbox.count()).toBe(50));
    expect(place.sandbox.calls.filter(({ status }) => status === 429)).toEqual([]);
    expect(place.sandbox.count()).toBe(10);

    const status = await place.run(["status", "--json"], { env });
    const { accounts } = objectOf(status) as { accounts: object[] };
    expect(accounts).toMatchObject([
      {
        account: "slow",
        redisName: place.account.name,
        budget: { free: 0 },
        backlog: { senders: 1 },
      },
      { account: "quick", redisName: other.account.name, holds: [], openRuns: [] },
    ]);
    const one = await place.run(["status", "--account", "quick", "--json"], { env });
    expect(objectOf(one)).toMatchObject({ accounts: [{ account: "quick" }] });
    const runs = await place.run(["runs", "--json"], { env });
    expect((objectOf(runs) as { runs: object[] }).runs).toHaveLength(3);
    const ofB = await place.run(["runs", "--connector", "b", "--json"], { env });
    expect(objectOf(ofB)).toMatchObject({
      runs: [1, 2].map(() => ({
        account: "quick",
        connector: expect.anything(),
        connectorName: "b",
      })),
    });
    const list = (await place.run(["runs"], { env })).stdout.trim().split("\n");
    expect(list.map((line) => / (\w) \((\w+)\) +[\d,]+ read/.exec(line)?.slice(1))).toEqual([
      ["b", "quick"],
      ["b", "quick"],
      ["a", "slow"],
    ]);
  });

  it("are each named where a command is for one of them", async () => {
    await using place = await openPlace();
    await using other = await openSubscription();
    await writeConfig(place, [
      "accounts:",
      ...accountLines("main", place, "PW"),
      ...accountLines("lab", other, "OTHER_PW"),
      "connectors:",
      `  a: { uuid: ${place.sandbox.connectorUuid}, account: main }`,
      `  b: { uuid: ${other.sandbox.connectorUuid}, account: lab }`,
      "  c: { uuid: 3f0c9a52-6d0e-4b0f-8f57-0d4f6c1f2a11, account: lab }",
    ]);
    const env = {
      REDIS_URL: place.env["REDIS_URL"] ?? "",
      PW: place.sandbox.password,
      OTHER_PW: other.sandbox.password,
    };
    const refused = await place.run(["push", "-"], { env, input: '{"id":1}' });
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      "sluice: Cannot choose among several connectors: use --connector NAME; there is a, b, c\n",
    ]);
    const nobody = await place.run(["status", "--account", "man"], { env });
    expect([nobody.exitCode, nobody.stderr]).toEqual([
      2,
      'sluice: Cannot find account "man"; there is main, lab\n',
    ]);
    const letters = await place.run(["dead", "list"], { env });
    expect(letters.stderr).toContain("use --account NAME; there is main, lab");
    const push = ["push", "-", "--connector", "b", "--json"];
    const pushed = await place.run(push, { env, input: '{"id":"x"}\n{"nothing":1}\n' });
    expect(objectOf(pushed)).toMatchObject({ read: 2, delivered: 1, dead: 1 });
    expect(pushed.stderr).toContain("see the dead letters with: sluice dead list --connector b\n");
    const dead = await place.run(["dead", "list", "--connector", "b", "--json"], { env });
    expect((objectOf(dead) as { letters: object[] }).letters).toHaveLength(1);
    expect([place.sandbox.count(), other.sandbox.count()]).toEqual([0, 1]);
    const letter = { connector: other.sandbox.connectorUuid, connectorName: "b" };
    expect(objectOf(dead)).toMatchObject({ letters: [letter] });
    const [{ id }] = (objectOf(dead) as { letters: [{ id: string }] }).letters;
    const listed = await place.run(["dead", "list", "--account", "lab"], { env });
    expect(listed.stdout).toMatch(new RegExp(`^  ${id.slice(0, 8)}  b  `, "m"));
    const shown = await place.run(["dead", "show", id, "--account", "lab"], { env });
    expect(shown.stdout).toContain(", connector b, ");
    const paused = await place.run(["pause", "--account", "main", "--json"], { env });
    expect(objectOf(paused)).toEqual({ paused: true, isNew: true });
    expect(await readHolds(place.account)).toMatchObject([{ reason: "operator" }]);
    expect(await readHolds(other.account)).toEqual([]);
    const resumed = await place.run(["resume", "--json"], { env });
    expect(objectOf(resumed)).toEqual({ ended: ["account operator"] });
    await place.run(["pause", "--account", "main"], { env });
    await place.run(["pause", "--connector", "b"], { env });
    const status = (await place.run(["status"], { env })).stdout;
    expect(status).toMatch(
      /^account main on .*$[^]*^ {2}held: account until sluice resume, operator/m,
    );
    expect(status).toMatch(/^account lab on .*$[^]*^ {2}held: connector b until sluice resume, /m);
    const holds = await place.run(["status", "--account", "lab", "--json"], { env });
    expect(objectOf(holds)).toMatchObject({
      accounts: [{ holds: [{ scope: other.sandbox.connectorUuid, connectorName: "b" }] }],
    });
    const up = place.start(["up", "--role", "worker", "--role", "sender"], { env });
    await up.line(/^account main is held until sluice resume \(operator\)/m);
    await up.line(/^connector b is held until sluice resume \(operator\)/m);
    up.signal("SIGTERM");
    await up.ended;
    const ended = await place.run(["resume"], { env });
    expect(ended.stdout).toBe("ended: account main operator\nended: connector b operator\n");
    const checked = await place.run(["check", "--account", "lab", "--json"], { env });
    expect(objectOf(checked)).toMatchObject({ ok: true });
    const all = await place.run(["check", "--json"], { env });
    const { findings } = objectOf(all) as { findings: { account: string }[] };
    expect(new Set(findings.map(({ account }) => account))).toEqual(new Set(["main", "lab"]));
  });
});
