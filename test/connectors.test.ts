import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  beginHold,
  disableConnector,
  listRuns,
  openRun,
  enqueueChunk,
  Queues,
  readWaiting,
  recountPending,
} from "@sluice/queue";
import { describe, expect, it } from "vitest";
import { accountLines, createConnector, writeConfig } from "./support/config-file.ts";
import { eventually } from "./support/intake.ts";
import { hostLines, openPlace, type Ended, type Place } from "./support/sluice.ts";

interface Shown {
  connector: string;
  state: string;
  enabled: { file: boolean; operator: boolean };
  holds: { reason: string; message: string }[];
  lastRun: { read: number; delivered: number } | null;
  waiting: { records: number; outbox: number; parked: number; inFlight: number };
  delivered: number;
  deadLetters: number;
}

function objectOf({ stdout, stderr }: Ended): unknown {
  expect(stdout, stderr).not.toBe("");
  return JSON.parse(stdout);
}

/** A place whose file has two connectors of one account: `one` and `two`. */
async function openTwo(enabled = true): Promise<{
  place: Place;
  env: Record<string, string>;
  second: string;
  configure: (isEnabled: boolean) => Promise<void>;
}> {
  const place = await openPlace();
  const { sandbox } = place;
  const second = await createConnector(sandbox, "two");
  const configure = async (isEnabled: boolean) => {
    await writeConfig(place, [
      "accounts:",
      ...accountLines("main", place, "PW"),
      "connectors:",
      "  one:",
      "    description: the first",
      `    uuid: ${sandbox.connectorUuid}`,
      "    batch: { assets: 5 }",
      ...(isEnabled ? [] : ["    enabled: false"]),
      "  two:",
      `    uuid: ${second}`,
    ]);
  };
  await configure(enabled);
  const env = { REDIS_URL: place.env["REDIS_URL"] ?? "", PW: sandbox.password };
  await place.write("hosts.ndjson", hostLines(5));
  return { place, env, second, configure };
}

describe("sluice connectors", () => {
  it("list and show what Qualys's own screen shows: state, last run, counts, what waits", async () => {
    const { place, env, second } = await openTwo();
    await using _ = place;
    await place.write("some.ndjson", `${hostLines(2)}{"nothing": 1}\n`);
    await place.run(["push", "some.ndjson", "--connector", "one"], { env });
    const list = await place.run(["connectors", "list", "--json"], { env });
    const { connectors } = objectOf(list) as { connectors: Shown[] };
    expect(connectors).toMatchObject([
      {
        connector: "one",
        description: "the first",
        uuid: place.sandbox.connectorUuid,
        account: "main",
        state: "active",
        enabled: { file: true, operator: true },
        holds: [],
        lastRun: { state: "done", read: 3, delivered: 2, dead: 1 },
        waiting: { records: 0, outbox: 0, parked: 0, inFlight: 0 },
        delivered: 2,
        deadLetters: 1,
      },
      { connector: "two", uuid: second, state: "active", lastRun: null, delivered: 0 },
    ]);
    await place.run(["pause", "--connector", "two"], { env });
    const show = await place.run(["connectors", "show", "two"], { env });
    expect(show.stdout).toMatch(/^two: held\n/);
    const held =
      "held until sluice resume (operator): paused by an operator; sluice resume ends it\n";
    expect(show.stdout).toContain(`  ${held}`);
    const listed = await place.run(["connectors", "list"], { env });
    expect(listed.stdout).toMatch(/^one  active .*\ntwo  held .*\n {5}held until/);
    expect(listed.stdout).toContain(held);
    const one = await place.run(["connectors", "show", "one"], { env });
    expect(one.stdout).toMatch(/^one: active \(the first\)\n/);
    expect(one.stdout).toMatch(/done: 3 read, 2 delivered, 0 unchanged, 1 dead/);
  });

  it("disable lets a connector take nothing and send nothing, its sibling goes on, and enable sends what waited", async () => {
    const { place, env } = await openTwo();
    await using _ = place;
    const { account, sandbox } = place;
    const uuid = sandbox.connectorUuid;
    await using queues = new Queues(account);
    // Something waits already, and more is in a chunk whose run is open.
    const description = { sources: [] };
    const run = await openRun(account, { connector: uuid, lane: "backfill", description });
    const chunk = (ordinal: number) =>
      enqueueChunk(
        account,
        queues,
        { run, lane: "backfill", producer: "test", ordinal },
        { source: "test", records: [{ text: `{"id":"early-${ordinal}"}`, line: 1 }] },
      );
    expect((await chunk(1)).kind).toBe("enqueued");
    const disabled = await place.run(["connectors", "disable", "one", "--json"], { env });
    expect(objectOf(disabled)).toEqual({ connector: "one", enabled: false, isNew: true });

    expect(await chunk(2)).toEqual({ kind: "disabled" });
    for (const verb of ["push", "enqueue"]) {
      const refused = await place.run([verb, "hosts.ndjson", "--connector", "one"], { env });
      expect([refused.exitCode, refused.stderr]).toEqual([
        2,
        expect.stringContaining(
          'Cannot enqueue for connector "one": it is disabled; sluice connectors enable one',
        ),
      ]);
    }
    const up = place.start(["up", "--role", "worker", "--role", "sender", "--json"], { env });
    await up.line(/^\{"roles"/m);
    const sibling = await place.run(["push", "hosts.ndjson", "--connector", "two", "--json"], {
      env,
    });
    expect(objectOf(sibling)).toMatchObject({ delivered: 5 });
    // Its chunk was handed to a worker, which has left it alone.
    await eventually(async () => {
      expect((await queues.counts())["intake-backfill"]).toEqual({
        waiting: 0,
        active: 0,
        failed: 0,
      });
    });
    expect((await readWaiting(account)).get(uuid)).toMatchObject({ records: 1, outbox: 0 });
    expect(sandbox.asset(uuid, "early-1")).toBeUndefined();
    expect(await recountPending(account, run)).toBe(1);
    // What ends every hold does not end this one.
    await place.run(["resume"], { env });
    const drained = await place.run(["drain", "--json"], { env });
    expect(objectOf(drained)).toMatchObject({ pending: 0 });
    const shown = await place.run(["connectors", "show", "one", "--json"], { env });
    expect(objectOf(shown)).toMatchObject({
      state: "disabled",
      enabled: { file: true, operator: false },
      holds: [{ reason: "disabled" }],
      waiting: { records: 1 },
    });

    const enabled = await place.run(["connectors", "enable", "one", "--json"], { env });
    expect(objectOf(enabled)).toEqual({ connector: "one", enabled: true, isNew: true });
    await eventually(() => expect(sandbox.asset(uuid, "early-1")).toBeDefined());
    expect((await chunk(2)).kind).toBe("enqueued");
  });

  it.for(["push", "enqueue"] as const)(
    "that are disabled while %s reads stop it, as a signal does",
    async (verb) => {
      const { place, env } = await openTwo();
      await using _ = place;
      const { account, sandbox } = place;
      await place.write("hosts.ndjson", hostLines(200_000));
      const reading = place.start([verb, "hosts.ndjson", "--connector", "one", "--json"], { env });
      const runId = await eventually(async () => {
        const [run] = await listRuns(account);
        expect(run?.read).toBeGreaterThan(0);
        return run?.id ?? "";
      });
      const hold = { reason: "disabled", message: "by an operator" } as const;
      await disableConnector(account, sandbox.connectorUuid, hold);
      const ended = await reading.ended;
      expect(ended.exitCode, ended.stderr).toBe(4);
      expect(objectOf(ended)).toMatchObject({ run: runId });
      expect(ended.stderr).toContain("the connector was disabled meanwhile");
      expect(ended.stderr).toContain(`sluice push --resume ${runId}`);
    },
  );

  it("keep batches that were cut already aside while their connector is disabled", async () => {
    const { place, env } = await openTwo();
    await using _ = place;
    const { account, sandbox } = place;
    await place.run(["pause"], { env });
    const up = place.start(["up", "--role", "worker", "--role", "sender", "--json"], { env });
    await up.line(/^\{"roles"/m);
    await place.run(["enqueue", "hosts.ndjson", "--connector", "one"], { env });
    await eventually(async () =>
      expect(await account.client.zcard(account.key("batches"))).toBe(1),
    );
    await place.run(["connectors", "disable", "one"], { env });
    await place.run(["resume"], { env });
    await place.run(["push", "hosts.ndjson", "--connector", "two"], { env });
    expect(sandbox.calls).toHaveLength(1);
    expect(await account.client.zcard(account.key("batches"))).toBe(1);
    await place.run(["connectors", "enable", "one"], { env });
    await eventually(() => expect(sandbox.calls).toHaveLength(2));
  });

  it("with enabled: false in the file are disabled as well, whatever an operator says", async () => {
    const { place, env, configure } = await openTwo(false);
    await using _ = place;
    const push = await place.run(["push", "hosts.ndjson", "--connector", "one"], { env });
    expect([push.exitCode, push.stderr]).toEqual([
      2,
      expect.stringContaining('Cannot enqueue for connector "one": it has enabled: false'),
    ]);
    const enabled = await place.run(["connectors", "enable", "one", "--json"], { env });
    expect(objectOf(enabled)).toEqual({ connector: "one", enabled: false, isNew: false });
    expect(enabled.stderr).toContain("sluice.yaml has enabled: false; change that there");
    const shown = await place.run(["connectors", "show", "one", "--json"], { env });
    expect(objectOf(shown)).toMatchObject({
      state: "disabled",
      enabled: { file: false, operator: true },
    });
    await configure(true);
    const again = await place.run(["push", "hosts.ndjson", "--connector", "one", "--json"], {
      env,
    });
    expect(objectOf(again)).toMatchObject({ delivered: 5 });
  });

  it.for(["push", "enqueue", "connectors enable"] as const)(
    "that the file disabled go on as soon as it does no more, by %s as well as by a running up",
    async (verb) => {
      const { place, env, configure } = await openTwo(false);
      await using _ = place;
      // Some process has let all of them know what the file says.
      await place.run(["drain"], { env });
      await configure(true);
      const args = verb === "connectors enable" ? ["one"] : ["hosts.ndjson", "--connector", "one"];
      const ended = await place.run([...verb.split(" "), ...args], { env });
      expect(ended.exitCode, ended.stderr).toBe(0);
      const shown = await place.run(["connectors", "show", "one", "--json"], { env });
      expect(objectOf(shown)).toMatchObject({ state: "active", holds: [] });
    },
  );

  it("keep their dead letters while they are disabled; those of others are replayed", async () => {
    const { place, env } = await openTwo();
    await using _ = place;
    await place.write("bad.ndjson", '{"id":"a","memory_mb":{}}\n');
    for (const connector of ["one", "two"]) {
      await place.run(["push", "bad.ndjson", "--connector", connector], { env });
    }
    await place.run(["connectors", "disable", "one"], { env });
    const replay = ["dead", "replay", "--all", "--json"];
    const some = await place.run(replay, { env });
    expect(objectOf(some)).toMatchObject({ replayed: 1, left: 0, disabled: 1 });
    await place.run(["connectors", "enable", "one"], { env });
    await place.run(["drain"], { env });
    expect(objectOf(await place.run(replay, { env }))).toMatchObject({ replayed: 2, disabled: 0 });
  });

  it("that are configured no more keep what waits: a drain works off the rest, tells of it, and ends", async () => {
    const { place, env } = await openTwo();
    await using _ = place;
    for (const name of ["one", "two"]) {
      await place.run(["enqueue", "hosts.ndjson", "--connector", name], { env });
    }
    const config = await readFile(join(place.dir, "sluice.yaml"), "utf8");
    await writeConfig(place, config.replace(/^ {2}one:$[^]*(?=^ {2}two:$)/m, "").split("\n"));
    const drained = await place.run(["drain"], { env });
    expect(drained.exitCode, drained.stderr).toBe(4);
    expect(drained.stdout).toContain(
      `5 records for connector ${place.sandbox.connectorUuid}, which is configured no more`,
    );
    expect(place.sandbox.count()).toBe(5);
    const list = await place.run(["connectors", "list", "--json"], { env });
    const { connectors } = objectOf(list) as { connectors: Shown[] };
    expect(connectors).toMatchObject([
      { connector: "two", state: "active" },
      { connector: place.sandbox.connectorUuid, state: "not configured", waiting: { records: 5 } },
    ]);
    await writeConfig(place, config.split("\n"));
    const again = await place.run(["drain", "--json"], { env });
    expect(objectOf(again)).toEqual({ pending: 0, openRuns: [] });
  });

  it("that are held until somebody acts keep no sibling from being drained", async () => {
    const { place, env, second } = await openTwo();
    await using _ = place;
    for (const name of ["one", "two"]) {
      await place.run(["enqueue", "hosts.ndjson", "--connector", name], { env });
    }
    const message = "refused again and again";
    const hold = { scope: second, reason: "refused", durationMs: null, message } as const;
    await beginHold(place.account, hold);
    const drained = await place.run(["drain", "--json"], { env });
    expect([drained.exitCode, objectOf(drained)]).toEqual([4, { pending: 5, openRuns: [] }]);
    expect(drained.stderr).toContain(message);
    expect(place.sandbox.count()).toBe(5);
  });

  it("are each reached over HTTP by their names; a disabled one is refused", async () => {
    const { place, env } = await openTwo();
    await using _ = place;
    const made = await place.run(["key", "agent", "--json"], { env: {} });
    const { key, line } = objectOf(made) as { key: string; line: string };
    await place.write("keys", `${line}\n`);
    const keysFile = join(place.dir, "keys");
    const up = place.start(["up", "--role", "producer", "--json"], {
      env: { ...env, SLUICE_INTAKE_PORT: "0", SLUICE_INTAKE_KEYS_FILE: keysFile },
    });
    const [started] = await up.line(/^\{"roles".*/m);
    const { intake } = JSON.parse(started) as { intake: string };
    await place.run(["connectors", "disable", "two"], { env });
    const post = async (name: string) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const url = `${intake}/v1/connectors/${name}/assets`;
      const response = await fetch(url, { method: "POST", headers, body: '{"id":"a"}' });
      return [response.status, ((await response.json()) as { detail?: string }).detail];
    };
    expect(await post("one")).toEqual([202, undefined]);
    expect(await post("two")).toEqual([409, expect.stringContaining("The connector is disabled")]);
    expect(await post("three")).toEqual([404, expect.stringContaining("there is: one, two")]);
    const runs = await listRuns(place.account);
    expect(runs.map(({ connector }) => connector)).toEqual([place.sandbox.connectorUuid]);
  });
});
