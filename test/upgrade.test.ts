import { join } from "node:path";
import { readRun, recountPending, type Run } from "@sluice/queue";
import { describe, expect, it, vi } from "vitest";
import { ROOT } from "./support/project.ts";
import { hostLines, openPlace, type Place, type Running } from "./support/sluice.ts";

const ASSETS = 300;

type Version = "old" | "new";
type Role = "worker" | "sender";

/** A process of this version, or of the next: one that writes format 2. */
function envOf({ env }: Place, version: Version): Record<string, string> {
  const next = `--import ${join(ROOT, "test/support/next-version.mjs")}`;
  return { ...env, SLUICE_LOG_LEVEL: "info", ...(version === "new" && { NODE_OPTIONS: next }) };
}

async function start(place: Place, version: Version, role: Role): Promise<Running> {
  const command = place.start(["up", "--role", role], { env: envOf(place, version) });
  await command.line(/running for account/);
  return command;
}

async function enqueue(place: Place, version: Version): Promise<string> {
  const env = envOf(place, version);
  const { exitCode, stdout, stderr } = await place.run(["enqueue", "a.ndjson", "--json"], { env });
  expect(exitCode, stderr).toBe(0);
  return (JSON.parse(stdout) as { run: string }).run;
}

async function openUpgrade(latencyMs = 0): Promise<Place> {
  const place = await openPlace({ limit: 10_000, windowMs: 1_000, concurrency: 2, latencyMs });
  await place.write("a.ndjson", hostLines(ASSETS));
  return place;
}

async function finished({ account }: Place, run: string): Promise<Run> {
  const seen = await vi.waitFor(
    async () => {
      const now = await readRun(account, run);
      expect(now).toMatchObject({ state: "done" });
      return now;
    },
    { timeout: 50_000, interval: 50 },
  );
  if (seen === null) throw new Error(`there is no run ${run}`);
  expect(await recountPending(account, run)).toBe(0);
  return seen;
}

/** How often a process has told that it leaves something alone. */
function leftBy(command: Running): string[] {
  return [
    ...command.stderr.matchAll(/"what":"(\w+)","format":2,"known":1,.*"event":"format.left"/g),
  ]
    .map(([, what]) => what ?? "")
    .sort();
}

/** Every asset came, and no more were sent than there are. */
function expectEachOnce({ sandbox }: Place): void {
  expect(sandbox.count()).toBe(ASSETS);
  expect(sandbox.calls.reduce((sum, { assetCount }) => sum + (assetCount ?? 0), 0)).toBe(ASSETS);
}

/** All is delivered, each asset once; and the same again makes no call, whichever version loads it. */
async function expectWhole(place: Place, run: string): Promise<void> {
  const { sandbox } = place;
  expect(await finished(place, run)).toMatchObject({ read: ASSETS, delivered: ASSETS, dead: 0 });
  expectEachOnce(place);
  const calls = sandbox.calls.length;
  for (const version of ["old", "new"] as const) {
    const again = await enqueue(place, version);
    expect(await finished(place, again)).toMatchObject({ unchanged: ASSETS, calls: 0 });
  }
  expect(sandbox.calls).toHaveLength(calls);
}

describe("two versions on one Redis", () => {
  it("deliver all that the old producer enqueues and the new roles work off", async () => {
    await using place = await openUpgrade();
    const run = await enqueue(place, "old");
    await start(place, "new", "worker");
    await start(place, "new", "sender");
    await expectWhole(place, run);
  });

  it("deliver all that the new producer enqueues, once a new worker is there", async () => {
    await using place = await openUpgrade();
    const run = await enqueue(place, "new");
    const worker = await start(place, "old", "worker");
    await start(place, "old", "sender");
    await worker.line(/"event":"format.left"/);
    // What the old version wrote goes on meanwhile.
    await place.write("a.ndjson", hostLines(1));
    const own = await enqueue(place, "old");
    expect(await finished(place, own)).toMatchObject({ read: 1, delivered: 1 });
    expect(await readRun(place.account, run)).toMatchObject({ pending: ASSETS });
    await place.write("a.ndjson", hostLines(ASSETS));
    await start(place, "new", "worker");
    await start(place, "new", "sender");
    // The newer version of the asset was delivered before: the older one is not sent after it.
    expect(await finished(place, run)).toMatchObject({ delivered: ASSETS - 1, coalesced: 1 });
    expectEachOnce(place);
    expect(leftBy(worker).filter((what) => what === "chunk")).toEqual(["chunk"]);
  });

  it("share the work of a run, and roll over from the old to the new in the middle of it", async () => {
    await using place = await openUpgrade(100);
    const old = [await start(place, "old", "worker"), await start(place, "old", "sender")];
    const run = await enqueue(place, "old");
    await vi.waitFor(() => expect(place.sandbox.calls.length).toBeGreaterThan(3));
    await start(place, "new", "worker");
    await start(place, "new", "sender");
    for (const command of old) command.signal("SIGTERM");
    for (const command of old) expect((await command.ended).exitCode).toBe(0);
    expect(await readRun(place.account, run)).not.toMatchObject({ pending: 0 });
    await start(place, "old", "worker");
    await expectWhole(place, run);
  });

  it("go on side by side, the old one leaving to the new what is new", async () => {
    await using place = await openUpgrade();
    const senders = [await start(place, "old", "sender")];
    const workers = [await start(place, "new", "worker")];
    const run = await enqueue(place, "new");
    await senders[0]?.line(/"event":"format.left"/);
    expect(place.sandbox.calls).toEqual([]);
    workers.push(await start(place, "old", "worker"));
    senders.push(await start(place, "new", "sender"));
    await expectWhole(place, run);
    expect(leftBy(senders[0] as Running)).toEqual(["batch"]);
  });
});
