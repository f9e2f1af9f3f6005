import {
  countDeadLetters,
  listRuns,
  openRun,
  readHolds,
  readRun,
  type Account,
} from "@sluice/queue";
import { describe, expect, it, vi } from "vitest";
import { hostLines, openPlace, type Ended, type Place } from "./support/sluice.ts";

const FACT = { timeout: 30_000, interval: 50 };

/** The one JSON object that a command printed. */
function objectOf({ stdout, stderr }: Ended): Record<string, unknown> {
  expect(stdout, stderr).toMatch(/^\{.*\}\n$/);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Records that can't be mapped: their memory is no number. */
function unmappableLines(count: number): string {
  return Array.from({ length: count }, (_, index) => {
    return `${JSON.stringify({ id: `bad-${index + 1}`, memory_mb: {} })}\n`;
  }).join("");
}

async function sluice(place: Place, ...args: readonly string[]): Promise<Record<string, unknown>> {
  return objectOf(await place.run([...args, "--json"]));
}

/** Works off a run that a command has printed the id of. */
async function workOff(place: Place, replay: Record<string, unknown>): Promise<Ended> {
  const [run = ""] = replay["runs"] as string[];
  return await place.run(["push", "--resume", run, "--json"]);
}

/** Letters written by a script, as if so many records had died long ago. */
async function writeLetters(account: Account, connector: string, count: number): Promise<void> {
  const content = { reason: "refused", path: "", source: "old.ndjson", line: 1, asset: "{}" };
  for (let from = 0; from < count; from += 1_000) {
    const pipeline = account.client.pipeline();
    for (let index = from; index < from + 1_000; index += 1) {
      const id = Buffer.alloc(16);
      id.writeUInt32BE(index);
      const raw = JSON.stringify({ id: `old-${index}`, note: "x".repeat(10_000) });
      const letter = { ...content, key: `old-${index}`, message: `no site ${index}`, raw };
      pipeline.hset(account.key(`dead:${connector}`), id, `1 - old\n${JSON.stringify(letter)}`);
      pipeline.zadd(account.key(`dead:${connector}:at`), index, id);
    }
    await pipeline.exec();
  }
}

describe("sluice dead", () => {
  it("shows all that is known of a refused record: the record and its place, the asset, the answer", async () => {
    await using place = await openPlace();
    const { sandbox } = place;
    await place.write("hosts.ndjson", hostLines(3));
    const keys = ["host-2"];
    sandbox.fault([{ kind: "refuse-assets", keys, message: "no such site", times: "always" }]);
    await place.run(["push", "hosts.ndjson"]);
    const { letters } = await sluice(place, "dead", "show", "host-2");
    const [letter] = letters as Record<string, unknown>[];
    const [run] = await listRuns(place.account);
    expect(letter).toMatchObject({
      key: "host-2",
      reason: "refused",
      message: expect.stringContaining("no such site"),
      source: "hosts.ndjson",
      line: 2,
      run: run?.id,
      connector: sandbox.connectorUuid,
      raw: hostLines(2).split("\n")[1],
    });
    const asset = JSON.parse(String(letter?.["asset"])) as { identityAttributes: object };
    expect(asset.identityAttributes).toMatchObject({ sourceNativeKey: "host-2" });
    const text = await place.run(["dead", "show", String(letter?.["id"]).slice(0, 8)]);
    for (const part of ["no such site", "hosts.ndjson:2", '"hostname":"host-2"', "sourceNativeKey"])
      expect(text.stdout).toContain(part);
  });

  it("lists what says the same as one group, and what is meant alone", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", `${unmappableLines(3)}{oops\n${hostLines(1)}`);
    await place.run(["push", "hosts.ndjson"]);
    const all = await sluice(place, "dead", "list", "--limit", "2");
    expect(all).toMatchObject({ total: 4, ranges: [] });
    expect(all["letters"]).toHaveLength(2);
    const groups = all["groups"] as { reason: string; letters: number }[];
    const counts = Object.fromEntries(groups.map(({ reason, letters }) => [reason, letters]));
    expect(counts).toEqual({ malformed: 1, schema: 3 });
    const schema = await sluice(place, "dead", "list", "--reason", "schema");
    expect(schema).toMatchObject({ total: 3 });
    expect(await sluice(place, "dead", "list", "--run", "none")).toMatchObject({ total: 0 });
    const text = await place.run(["dead", "list", "--reason", "schema"]);
    expect(text.stdout).toMatch(/^schema: 3, the newest bad-\d at /m);
  });

  it("replays through the transform as it is now, and never undoes a newer version", async () => {
    await using place = await openPlace();
    await place.write("old.ndjson", '{"name":"a","os":"old"}\n{"name":"b","os":"old"}\n');
    const env = { ...place.env, SLUICE_KEY_FIELDS: "asset_tag" };
    await place.run(["push", "old.ndjson"], { env });
    expect(await sluice(place, "dead", "list")).toMatchObject({ total: 2 });
    await place.write("new.ndjson", '{"name":"a","os":"new"}\n');
    await place.run(["push", "new.ndjson"]);
    const replay = await sluice(place, "dead", "replay", "--reason", "no-key");
    expect(replay).toMatchObject({ replayed: 2, left: 0 });
    expect(objectOf(await workOff(place, replay))).toMatchObject({
      read: 2,
      delivered: 1,
      coalesced: 1,
    });
    const [run] = replay["runs"] as string[];
    expect(await readRun(place.account, run ?? "")).toMatchObject({ state: "done" });
    const { received = "{}" } = place.sandbox.asset(place.sandbox.connectorUuid, "a") ?? {};
    expect(JSON.parse(received)).toMatchObject({ coreAttributes: { operatingSystem: "new" } });
    expect(await sluice(place, "dead", "list")).toMatchObject({ total: 0 });
  });

  it("replays and exports no record that it does not have whole, and says so", async () => {
    await using place = await openPlace();
    const long = JSON.stringify({ id: "long", memory_mb: {}, note: "x".repeat(100_000) });
    await place.write("hosts.ndjson", `{oops\n${long}\n`);
    await place.run(["push", "hosts.ndjson"]);
    const replay = await sluice(place, "dead", "replay", "--all");
    expect(replay).toEqual({ replayed: 0, runs: [], left: 2, disabled: 0 });
    const exported = await place.run(["dead", "export"]);
    expect(exported).toMatchObject({ exitCode: 0, stdout: "" });
    expect(exported.stderr).toContain("2 records left out");
    const shown = await place.run(["dead", "show", "long"]);
    expect(shown.stdout).toContain(`(the beginning of ${long.length.toLocaleString("en-US")} char`);
    expect(await sluice(place, "dead", "list")).toMatchObject({ total: 2 });
  });

  it("exports what push takes back when it is corrected, and then the letters go", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", unmappableLines(3));
    await place.run(["push", "hosts.ndjson"]);
    const { stdout } = await place.run(["dead", "export", "--reason", "schema"]);
    expect(stdout.split("\n").sort()).toEqual(unmappableLines(3).split("\n").sort());
    const input = stdout.replaceAll('"memory_mb":{}', '"memory_mb":512');
    const push = await place.run(["push", "-", "--json"], { input });
    expect(objectOf(push)).toMatchObject({ read: 3, delivered: 3 });
    expect(await countDeadLetters(place.account)).toBe(0);
  });

  it("knows malformed lines beyond a thousand by position, and can't replay them", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", `${"{oops\n".repeat(1_500)}${hostLines(2)}`);
    const push = await place.run(["push", "hosts.ndjson", "--json"]);
    expect(objectOf(push)).toMatchObject({ read: 1_502, delivered: 2, dead: 1_500, pending: 0 });
    const list = await sluice(place, "dead", "list");
    expect(list).toMatchObject({ total: 1_000 });
    const ranges = list["ranges"] as { lines: number; source: string }[];
    expect(ranges.reduce((sum, { lines }) => sum + lines, 0)).toBe(500);
    const text = await place.run(["dead", "list"]);
    expect(text.stdout).toContain(
      "known by position only, 500 lines; correct and push them again:",
    );
    expect(await sluice(place, "dead", "replay", "--all")).toMatchObject({
      replayed: 0,
      left: 1_500,
    });
    expect(await sluice(place, "dead", "discard", "--all")).toEqual({
      discarded: 1_000,
      lines: 500,
    });
    expect(await sluice(place, "dead", "list")).toMatchObject({ total: 0, ranges: [] });
  });

  it("holds a connector with too many letters, until some are discarded or an operator lets more come", async () => {
    await using place = await openPlace();
    const env = { ...place.env, SLUICE_DEAD_LETTERS_MAX: "5" };
    await place.write("bad.ndjson", unmappableLines(6));
    await place.write("good.ndjson", hostLines(4));
    const held = await place.run(["push", "bad.ndjson", "--json"], { env });
    expect(held.exitCode, held.stderr).toBe(3);
    await place.run(["enqueue", "good.ndjson"], { env });
    const push = await place.run(["push", "good.ndjson", "--json"], { env });
    expect(push.exitCode).toBe(4);
    expect(push.stderr).toContain("held (dead-letters): 6 dead letters wait for you");
    expect(objectOf(push)).toMatchObject({ delivered: 0 });
    await using _up = place.start(["up", "--role", "worker", "--role", "sender"], { env });
    await vi.waitUntil(async () => {
      const { accounts } = await sluice(place, "status");
      const [{ backlog }] = accounts as [{ backlog: { senders: number } }];
      return backlog.senders > 0;
    }, FACT);
    expect(place.sandbox.calls).toEqual([]);
    const discard = await place.run(["dead", "discard", "bad-1", "bad-2", "--json"], { env });
    expect(objectOf(discard)).toEqual({ discarded: 2, lines: 0 });
    await vi.waitUntil(() => place.sandbox.count() === 4, FACT);
    expect(await readHolds(place.account)).toEqual([]);
    expect(await countDeadLetters(place.account)).toBe(4);
  });

  it("lets as many more letters come after sluice resume", async () => {
    await using place = await openPlace();
    const env = { ...place.env, SLUICE_DEAD_LETTERS_MAX: "5" };
    await place.write("bad.ndjson", unmappableLines(6));
    await place.run(["push", "bad.ndjson"], { env });
    const resume = await place.run(["resume", "--json"], { env });
    expect(objectOf(resume)).toEqual({ ended: [`${place.sandbox.connectorUuid} dead-letters`] });
    const again = await place.run(["push", "bad.ndjson", "--json"], { env });
    expect(again.exitCode, again.stderr).toBe(3);
    expect(await readHolds(place.account)).toEqual([]);
  });

  it("lists, exports and discards 100 MB of letters in half as much memory", async () => {
    await using place = await openPlace();
    const { account, sandbox } = place;
    const connector = sandbox.connectorUuid;
    await openRun(account, { connector, lane: "live", description: { sources: [] } });
    await writeLetters(account, connector, 10_000);
    const env = { ...place.env, NODE_OPTIONS: "--max-old-space-size=50" };
    const list = objectOf(await place.run(["dead", "list", "--limit", "2", "--json"], { env }));
    expect(list).toMatchObject({ total: 10_000, groups: [{ letters: 10_000 }] });
    expect(list["letters"]).toMatchObject([{ key: "old-9999" }, { key: "old-9998" }]);
    const exported = await place.run(["dead", "export", "--reason", "other"], { env });
    expect(exported).toMatchObject({ exitCode: 0, stdout: "" });
    const discard = await place.run(["dead", "discard", "--all", "--json"], { env });
    expect(objectOf(discard), discard.stderr).toMatchObject({ discarded: 10_000 });
    expect(await countDeadLetters(account)).toBe(0);
  });
});

describe("sluice runs abort", () => {
  it("ends an open run; what was enqueued goes on", async () => {
    await using place = await openPlace();
    const { account, sandbox } = place;
    const connector = sandbox.connectorUuid;
    const description = { sources: [] };
    const id = await openRun(account, { connector, lane: "live", description });
    expect(await sluice(place, "runs", "abort", id)).toEqual({
      aborted: [{ run: id, read: 0, pending: 0 }],
    });
    expect(await readRun(account, id)).toMatchObject({
      state: "aborted",
      note: "aborted by an operator",
    });
    const again = await place.run(["runs", "abort", id]);
    expect(again).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`Cannot abort run ${id}: it is aborted`),
    });
  });

  it("takes all that are older than so long, and only those", async () => {
    await using place = await openPlace();
    const { account, sandbox } = place;
    const options = { connector: sandbox.connectorUuid, lane: "live" as const };
    const description = { sources: [] };
    const old = await openRun(account, { ...options, description, id: "old" });
    await openRun(account, { ...options, description, id: "young" });
    await account.client.hset(account.key(`run:${old}`), "openedAt", Date.now() - 2 * 3_600_000);
    const { aborted } = await sluice(place, "runs", "abort", "--older-than", "90m");
    expect(aborted).toEqual([{ run: "old", read: 0, pending: 0 }]);
    expect(await readRun(account, "young")).toMatchObject({ state: "open" });
    const none = await place.run(["runs", "abort"]);
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--older-than") });
    const vague = await place.run(["runs", "abort", "--older-than", "long"]);
    expect(vague).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("24h or 7d") });
  });
});
