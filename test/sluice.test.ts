import { existsSync } from "node:fs";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { listRuns, recountPending } from "@sluice/queue";
import { describe, expect, it, vi } from "vitest";
import { contentOf, hostLines, openPlace, type Ended, type Place } from "./support/sluice.ts";

interface Books {
  run: string;
  read: number;
  delivered: number;
  unchanged: number;
  coalesced: number;
  dead: number;
  pending: number;
  calls: number;
  limited: number;
}

interface Simulated {
  assetsPerCall: number;
  windowMs: number;
  outcomes: {
    pacing: string;
    elapsedMs: number;
    calls: number;
    limited: { rate: number; concurrency: number };
    share: number;
  }[];
}

/** The one JSON object that a command printed. */
function objectOf({ stdout, stderr }: Ended): unknown {
  const lines = stdout.split("\n");
  expect(lines, stderr).toHaveLength(2);
  return JSON.parse(lines[0] ?? "");
}

function booksOf(ended: Ended): Books {
  return objectOf(ended) as Books;
}

/** The words of the `sluice ...` command that continues, as printed. */
function continuation({ stderr }: Ended): string[] {
  const command = /sluice (push --resume \S+)/.exec(stderr)?.[1];
  expect(command, stderr).toBeDefined();
  return (command ?? "").split(" ");
}

function expectBalance({ read, delivered, unchanged, coalesced, dead, pending }: Books): void {
  expect(delivered + unchanged + coalesced + dead + pending).toBe(read);
}

function expectNoCall({ sandbox }: Place): void {
  expect(sandbox.calls).toEqual([]);
}

const FACT = { timeout: 30_000, interval: 20 };

describe("sluice push", () => {
  it("delivers an inventory, and makes no call for what has not changed", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(35));
    const first = await place.run(["push", "hosts.ndjson", "--json"]);
    expect(first.exitCode, first.stderr).toBe(0);
    expect(objectOf(first)).toEqual({
      run: expect.stringMatching(/^\d{8}T\d{6}-[0-9a-f]{6}$/),
      read: 35,
      delivered: 35,
      unchanged: 0,
      coalesced: 0,
      dead: 0,
      pending: 0,
      batches: 4,
      calls: 4,
      limited: 0,
      ambiguous: 0,
      elapsedMs: expect.any(Number),
    });
    expect(place.sandbox.count()).toBe(35);
    const second = await place.run(["push", "hosts.ndjson", "--json"]);
    expect(second.exitCode).toBe(0);
    expect(objectOf(second)).toMatchObject({ read: 35, delivered: 0, unchanged: 35, calls: 0 });
    expect(place.sandbox.calls).toHaveLength(4);
    const books = await place.run(["runs", booksOf(second).run, "--json"]);
    expect(objectOf(books)).toEqual(objectOf(second));
  });

  it("keeps books in which every record is something, and ends with 3 when some are dead", async () => {
    await using place = await openPlace();
    const twice = '{"hostname":"twice","os":"old"}\n{"hostname":"twice","os":"new"}\n';
    await place.write("mixed.ndjson", `${hostLines(5)}{oops\n${twice}\n{"os":"no key"}\n`);
    const ended = await place.run(["push", "mixed.ndjson", "--json"]);
    expect(ended.exitCode).toBe(3);
    const books = booksOf(ended);
    expect(books).toMatchObject({ read: 9, delivered: 6, coalesced: 1, dead: 2, pending: 0 });
    expectBalance(books);
    expect(ended.stderr).toContain("sluice dead list");
    expect(place.sandbox.count()).toBe(6);
    const listed = await place.run(["dead", "list", "--json"]);
    const { letters } = objectOf(listed) as { letters: object[] };
    expect(letters).toHaveLength(2);
    expect(letters).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ reason: "malformed", source: "mixed.ndjson", line: 6 }),
        expect.objectContaining({ reason: "no-key", source: "mixed.ndjson", line: 10 }),
      ]),
    );
    const text = await place.run(["dead", "list"]);
    expect(text.stdout).toContain("mixed.ndjson:6");
  });

  it("reads stdin, several files and globs, of whatever format", async () => {
    await using place = await openPlace();
    await place.write("a.csv", "hostname,os\ncsv-1,Debian\ncsv-2,Debian\n");
    await place.write("b.json", '[{"hostname":"json-1"},{"hostname":"json-2"}]');
    await place.write("c.ndjson", hostLines(2));
    const input = '{"hostname":"stdin-1"}';
    const piped = await place.run(["push", "-", "--json"], { input });
    expect(objectOf(piped)).toMatchObject({ read: 1, delivered: 1 });
    const globbed = await place.run(["push", "*.csv", "b.json", "c.*", "--json"]);
    expect(objectOf(globbed)).toMatchObject({ read: 6, delivered: 6 });
    const keys = [...place.sandbox.assets.keys()].map((key) => key.split("/")[1]);
    expect(new Set(keys)).toEqual(
      new Set(["csv-1", "csv-2", "host-1", "host-2", "json-1", "json-2", "stdin-1"]),
    );
    expect(keys).toHaveLength(7);
  });

  it.for([
    ["is missing", "missing.ndjson", "no such file"],
    ["is no text", "binary.ndjson", "binary data"],
    ["is a directory", ".", "a directory"],
    ["matches nothing", "none/*.csv", "no file matches"],
  ])("enqueues nothing and ends with 2 when a source %s", async ([, source, why]) => {
    await using place = await openPlace();
    await place.write("good.ndjson", hostLines(3));
    await place.write("binary.ndjson", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0, 255]));
    const ended = await place.run(["push", "good.ndjson", source ?? ""]);
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toMatch(new RegExp(`^sluice: Cannot read "[^"]+": ${why}`));
    expect(await listRuns(place.account)).toEqual([]);
    expectNoCall(place);
  });

  it("stops behind the first assets that --first asks for", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", `{oops\n${hostLines(30)}`);
    const ended = await place.run(["push", "hosts.ndjson", "--first", "3", "--json"]);
    expect(ended.exitCode).toBe(3);
    expect(objectOf(ended)).toMatchObject({ read: 4, delivered: 3, dead: 1, pending: 0 });
    expect([...place.sandbox.assets.keys()]).toHaveLength(3);
  });
});

describe.concurrent("a push that is stopped", () => {
  it("by Ctrl-C during a hold ends with 4 and prints the command that finishes the run", async () => {
    await using place = await openPlace({ limit: 8, windowMs: 4_000 });
    await place.write("hosts.ndjson", hostLines(135));
    const burst = { env: { ...place.env, SLUICE_PACING: "burst" } };
    const push = place.start(["push", "hosts.ndjson", "--json"], burst);
    await push.line(/"event":"send.held"/);
    push.signal("SIGINT");
    const stopped = await push.ended;
    expect(stopped.exitCode, stopped.stderr).toBe(4);
    const before = booksOf(stopped);
    expect(before.pending).toBeGreaterThan(0);
    expectBalance(before);
    const resumed = await place.run([...continuation(stopped), "--json"]);
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(objectOf(resumed)).toMatchObject({
      run: before.run,
      read: 135,
      delivered: 135,
      calls: 14,
      limited: 0,
    });
    expect(place.sandbox.count()).toBe(135);
    expect(place.sandbox.callsInWorstWindow()).toBeLessThanOrEqual(8);
  });

  it("by Ctrl-C while it reads ends with 4, and the same input finishes the run", async () => {
    await using place = await openPlace();
    const input = hostLines(300);
    const push = place.start(["push", "-", "--json"], { input, isInputOpen: true });
    // The first chunk has arrived; the rest waits for more of the input to come.
    await vi.waitUntil(() => place.sandbox.count() === 250, FACT);
    push.signal("SIGINT");
    const stopped = await push.ended;
    expect(stopped.exitCode, stopped.stderr).toBe(4);
    expect(booksOf(stopped)).toMatchObject({ read: 250, delivered: 250, pending: 0 });
    expect(stopped.stderr).toContain(`sluice push --resume ${booksOf(stopped).run} -`);
    const { run } = booksOf(stopped);
    const resumed = await place.run(["push", "--resume", run, "-", "--json"], { input });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(objectOf(resumed)).toMatchObject({ run, read: 300, delivered: 300, unchanged: 0 });
  });

  it("by SIGKILL on the way loses nothing and counts nothing twice", async () => {
    await using place = await openPlace({ latencyMs: 100, concurrency: 1 });
    await place.write("hosts.ndjson", hostLines(600));
    // One chunk at a time may wait, so the push is killed while it still enqueues.
    const env = {
      ...place.env,
      SLUICE_BATCH_ASSETS_MAX: "50",
      SLUICE_QUEUE_BYTES_MAX: "1",
    };
    const push = place.start(["push", "hosts.ndjson"], { env });
    await vi.waitUntil(() => place.sandbox.calls.length >= 3, FACT);
    push.signal("SIGKILL");
    expect((await push.ended).exitCode).toBeNull();
    const [run] = await listRuns(place.account);
    expect(run?.state).toBe("open");
    const resumed = await place.run(["push", "--resume", run?.id ?? "", "--json"], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    const books = booksOf(resumed);
    expect(books).toMatchObject({ read: 600, delivered: 600, unchanged: 0, dead: 0, pending: 0 });
    expect(await recountPending(place.account, books.run)).toBe(0);
    expect(place.sandbox.count()).toBe(600);
  });

  it("needs its input again when it read stdin to no end, and a file as it was", async () => {
    await using place = await openPlace({ latencyMs: 100, concurrency: 1 });
    const env = { ...place.env, SLUICE_QUEUE_BYTES_MAX: "1" };
    const input = hostLines(300);
    const push = place.start(["push", "-"], { env, input });
    await vi.waitUntil(() => place.sandbox.calls.length >= 1, FACT);
    push.signal("SIGINT");
    const stopped = await push.ended;
    expect(stopped.exitCode).toBe(4);
    expect(stopped.stderr).toMatch(
      /waiting: [\d.]+ kB of 1 byte wait in Redis; it goes on by itself/,
    );
    expect(stopped.stderr).toMatch(/sluice push --resume \S+ - < /);
    const without = await place.run(continuation(stopped), { env });
    expect(without).toMatchObject({ exitCode: 2, stdout: "" });
    const resumed = await place.run([...continuation(stopped), "-", "--json"], { env, input });
    expect(objectOf(resumed)).toMatchObject({ read: 300, delivered: 300, pending: 0 });
  });
});

describe("the credentials", () => {
  it("that are wrong cost one sign-in and end a push with 4; the right ones let it through", async () => {
    const logins: number[] = [];
    await using place = await openPlace({
      report: (event) => {
        if (event.event === "login-answered") logins.push(event.status);
      },
    });
    await place.write("hosts.ndjson", hostLines(45));
    const env = { ...place.env, QUALYS_PASSWORD: "not-this-one" };
    const held = await place.run(["push", "hosts.ndjson", "--json"], { env });
    expect(held.exitCode, held.stderr).toBe(4);
    expect(held.stderr).toContain("held (credentials)");
    expect(logins).toEqual([401]);
    expectBalance(booksOf(held));
    const resumed = await place.run([...continuation(held), "--json"]);
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(objectOf(resumed)).toMatchObject({ read: 45, delivered: 45, pending: 0 });
    expect(logins.filter((status) => status !== 201)).toEqual([401]);
  });

  it("stand in no output, no log line and nowhere in Redis", async () => {
    await using place = await openPlace({ limit: 2, windowMs: 500 });
    await place.write("hosts.ndjson", `${hostLines(25)}{oops\n`);
    const wrong = { ...place.env, QUALYS_PASSWORD: "not-this-one", SLUICE_LOG_LEVEL: "debug" };
    const env = { ...place.env, SLUICE_LOG_LEVEL: "debug" };
    place.sandbox.fault([{ kind: "answer", status: 400, body: { echo: place.sandbox.password } }]);
    const outputs = [
      await place.run(["push", "hosts.ndjson"], { env: wrong }),
      await place.run(["check"], { env: wrong }),
      await place.run(["push", "hosts.ndjson"], { env }),
      await place.run(["check"], { env }),
      await place.run(["status", "--json"], { env }),
      await place.run(["dead", "list", "--json"], { env }),
      await place.run(["push", "hosts.ndjson"], { env: { ...env, QUALYS_CONNECTOR_UUID: "x" } }),
    ];
    expect(outputs.map(({ exitCode }) => exitCode)).toEqual([4, 2, 3, 0, 0, 0, 2]);
    const seen = JSON.stringify(outputs) + (await contentOf(place.account));
    expect(seen).toContain("batch.accepted");
    expect(seen).toContain("Qualys refused the request");
    for (const secret of [place.sandbox.password, "not-this-one", "eyJ"]) {
      expect(seen).not.toContain(secret);
    }
  });
});

describe.concurrent("sluice check", () => {
  interface Checked {
    ok: boolean;
    findings: { what: string; state: string; message: string }[];
  }

  it("finds that all is well, and says what it cannot know", async () => {
    await using place = await openPlace();
    const ended = await place.run(["check", "--json"]);
    expect(ended.exitCode).toBe(0);
    const { ok, findings } = objectOf(ended) as Checked;
    expect(ok).toBe(true);
    const states = findings.filter(({ state }) => state !== "warning");
    expect(states.map(({ what, state }) => `${what} ${state}`)).toEqual([
      "redis ok",
      "gateway ok",
      "sign-in ok",
      "permission ok",
      "connector unknown",
    ]);
    expectNoCall(place);
  });

  it.for([
    ["sign-in", { QUALYS_PASSWORD: "not-this-one" }, "QUALYS_PASSWORD"],
    ["gateway", { QUALYS_GATEWAY_URL: "http://127.0.0.1:1" }, "ECONNREFUSED"],
    ["redis", { REDIS_URL: "redis://127.0.0.1:1" }, "REDIS_URL"],
  ] as const)("ends with 2 and names the %s when that is wrong", async ([what, changes, hint]) => {
    await using place = await openPlace();
    const ended = await place.run(["check", "--json"], { env: { ...place.env, ...changes } });
    expect(ended.exitCode).toBe(2);
    const wrong = (objectOf(ended) as Checked).findings.filter(({ state }) => state === "wrong");
    expect(wrong).toEqual([
      { what, state: "wrong", message: expect.stringContaining(hint) as string },
    ]);
  });
});

describe("the configuration", () => {
  it("is told with every mistake at once, by name, and ends with 2", async () => {
    await using place = await openPlace();
    const env = {
      QUALYS_GATEWAY_URL: "http://qualys.example",
      QUALYS_CONNECTOR_UUID: "x",
      SLUICE_BATCH_ASSET_MAX: "10",
    };
    const ended = await place.run(["push", "hosts.ndjson"], { env });
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    for (const name of [...Object.keys(env), "QUALYS_USERNAME", "QUALYS_PASSWORD"]) {
      expect(ended.stderr).toContain(name);
    }
    expect(ended.stderr).toContain(".env.example");
  });

  it.for([
    ["an unknown flag", ["push", "--frist", "3"], "--first"],
    ["an unknown verb", ["psuh"], "push"],
    ["no source", ["push"], "name one or more files"],
    ["a number that is none", ["push", "x", "--first", "0"], "from 1"],
    ["a port that is none", ["sandbox", "--port", "80000"], "65535"],
    ["a backlog that never ends", ["simulate", "--live", "40000"], "a larger limit"],
    ["a simulation too long", ["simulate", "--assets", "100000000"], "fewer assets"],
    ["a run that is not there", ["runs", "nope"], "sluice runs"],
    ["a dead letter that is not there", ["dead", "show", "nope"], "sluice dead list"],
    ["a choice left open", ["dead", "discard"], "--all"],
  ] as const)("has bad usage beside it: %s ends with 2 and a hint", async ([, args, hint]) => {
    await using place = await openPlace();
    const ended = await place.run(args);
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain(hint);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });
});

describe("sluice dead", () => {
  it("replays what Qualys refused, once Qualys takes it", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(5));
    const { sandbox } = place;
    const keys = ["host-2", "host-4"];
    sandbox.fault([{ kind: "refuse-assets", keys, message: "no such site", times: "always" }]);
    const push = await place.run(["push", "hosts.ndjson", "--json"]);
    expect(push.exitCode, push.stderr).toBe(3);
    expect(objectOf(push)).toMatchObject({ read: 5, delivered: 3, dead: 2 });
    const shown = objectOf(await place.run(["dead", "show", "host-2", "--json"]));
    const message = expect.stringContaining("no such site") as string;
    expect(shown).toMatchObject({
      letters: [{ key: "host-2", reason: "refused", message, source: "hosts.ndjson", line: 2 }],
    });
    sandbox.fault([]);
    const replay = await place.run(["dead", "replay", "host-2", "--json"]);
    const { replayed, runs } = objectOf(replay) as { replayed: number; runs: string[] };
    expect(replayed).toBe(1);
    const work = await place.run(["push", "--resume", runs[0] ?? "", "--json"]);
    expect(work.exitCode, work.stderr).toBe(0);
    expect(objectOf(work)).toMatchObject({ read: 1, delivered: 1, pending: 0 });
    expect(sandbox.asset(sandbox.connectorUuid, "host-2")).toBeDefined();
    const discard = await place.run(["dead", "discard", "--all", "--json"]);
    expect(objectOf(discard)).toEqual({ discarded: 1, lines: 0 });
    const listed = await place.run(["dead", "list", "--json"]);
    expect(objectOf(listed)).toMatchObject({ total: 0, letters: [] });
    // What was refused and discarded is still known as refused.
    const calls = sandbox.calls.length;
    const again = await place.run(["push", "hosts.ndjson", "--json"]);
    expect(objectOf(again)).toMatchObject({ unchanged: 4, dead: 1, calls: 0 });
    expect(sandbox.calls).toHaveLength(calls);
  });
});

describe("operating", () => {
  it("keeps a push from calling while it is paused, until it is resumed", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(25));
    const paused = await place.run(["pause", "--json"]);
    expect(objectOf(paused)).toEqual({ paused: true, isNew: true });
    const push = place.start(["push", "hosts.ndjson", "--json"]);
    await push.line(/^held until sluice resume \(operator\)/m);
    await vi.waitUntil(async () => (await listRuns(place.account))[0]?.state === "sealed", FACT);
    const status = await place.run(["status", "--json"]);
    expect(objectOf(status)).toMatchObject({ accounts: [{ holds: [{ reason: "operator" }] }] });
    expectNoCall(place);
    const resume = await place.run(["resume", "--json"]);
    expect(objectOf(resume)).toEqual({ ended: ["account operator"] });
    const ended = await push.ended;
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(objectOf(ended)).toMatchObject({ read: 25, delivered: 25 });
    expect(ended.stderr).toMatch(/^resumed after \d/m);
  });

  it("drains what was enqueued, of whatever run", async () => {
    await using place = await openPlace();
    await place.write("a.ndjson", hostLines(12));
    await place.write("b.csv", "hostname\nb-1\nb-2\n");
    const first = objectOf(await place.run(["enqueue", "a.ndjson", "--json"]));
    const second = objectOf(await place.run(["enqueue", "b.csv", "--json"]));
    expect([first, second]).toMatchObject([
      { read: 12, state: "sealed" },
      { read: 2, state: "sealed" },
    ]);
    expectNoCall(place);
    const drained = await place.run(["drain", "--json"]);
    expect(drained.exitCode, drained.stderr).toBe(0);
    expect(objectOf(drained)).toEqual({ pending: 0, openRuns: [] });
    expect(place.sandbox.count()).toBe(14);
    expect(objectOf(await place.run(["runs", "--json"]))).toMatchObject({
      runs: [
        { read: 2, delivered: 2, state: "done" },
        { read: 12, delivered: 12, state: "done" },
      ],
    });
  });

  it("shares one embedded Redis among commands, and the last one out stops it", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(15));
    const env = place.embedded;
    const socket = join(place.dir, "data/redis/redis.sock");
    const up = place.start(["up", "--json"], { env });
    await up.line(/^\{"roles":\["worker","sender"\]/m);
    const { run } = booksOf(await place.run(["enqueue", "hosts.ndjson", "--json"], { env }));
    await vi.waitUntil(() => place.sandbox.count() === 15, FACT);
    expect(existsSync(socket)).toBe(true);
    up.signal("SIGTERM");
    const ended = await up.ended;
    expect(ended.exitCode, ended.stderr).toBe(0);
    objectOf(ended);
    expect(existsSync(socket)).toBe(false);
    const books = await place.run(["runs", run, "--json"], { env });
    expect(objectOf(books)).toMatchObject({ read: 15, delivered: 15, pending: 0 });
    expect(existsSync(socket)).toBe(false);
    expect(await listRuns(place.account)).toEqual([]);
  });
});

describe.concurrent("rehearsing", () => {
  it("shows the whole of it in a demo, told in sentences", async () => {
    await using place = await openPlace();
    const ended = await place.run(["demo", "--assets", "2500"], { env: {} });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(ended.stdout).toContain("2,500 of 2,500 assets arrived in 25 calls");
    expect(ended.stderr).toMatch(/held until \d\d:\d\d:\d\d \(rate-limit\)/);
    expect(ended.stderr).not.toContain('{"level"');
  });

  it("prints the settings that a push into the sandbox needs", async () => {
    await using place = await openPlace();
    const sandbox = place.start(["sandbox", "--port", "0"], { env: {} });
    await sandbox.line(/Ctrl-C/);
    sandbox.signal("SIGINT");
    const { exitCode, stdout } = await sandbox.ended;
    expect(exitCode).toBe(0);
    const names = [...stdout.matchAll(/^export (\w+)=\S+$/gm)].map(([, name]) => name ?? "");
    const needed = Object.keys(place.env).filter((name) => name.startsWith("QUALYS_"));
    expect(new Set(names)).toEqual(new Set(needed));
  });

  it("simulates how long a backlog takes, by each way of pacing, the same for the same seed", async () => {
    await using place = await openPlace();
    const world = ["--limit", "60", "--window-sec", "10", "--latency-ms", "50", "--batch", "50"];
    const args = ["simulate", "--assets", "20000", ...world, "--json"];
    const [once, again] = await Promise.all(
      [args, args].map((words) => place.run(words, { env: {} })),
    );
    const { assetsPerCall, windowMs, outcomes } = objectOf(once as Ended) as Simulated;
    expect([assetsPerCall, windowMs]).toEqual([50, 10_000]);
    expect(outcomes.map(({ pacing }) => pacing)).toEqual(["auto", "burst", "spread"]);
    for (const { elapsedMs, calls, limited, share } of outcomes) {
      expect([calls, limited]).toEqual([400, { rate: 0, concurrency: 0 }]);
      // The last of 400 calls cannot come before six windows are over.
      expect(elapsedMs).toBeGreaterThanOrEqual(60_000);
      expect(elapsedMs).toBeLessThan(70_000);
      expect(share).toBeGreaterThan(0.97);
    }
    expect(again?.stdout).toBe(once?.stdout);
    expectNoCall(place);
  });

  it("simulates what bursts of backfill do to the live lane, in a table", async () => {
    await using place = await openPlace();
    const args = ["simulate", "--assets", "60000", "--live", "500", "--seed", "3"];
    const ended = await place.run(args, { env: {} });
    expect(ended.exitCode, ended.stderr).toBe(0);
    const [world, head, ...rows] = ended.stdout.trimEnd().split("\n");
    expect(world).toMatch(/^60,000 assets, 100 a call; 300 calls in 60 min, .*; 500 live an hour$/);
    expect(head).toMatch(/^pacing +time +calls +share +429s +others +live p50 +live p99$/);
    expect(rows.map((row) => row.split(" ")[0])).toEqual(["auto", "burst", "spread"]);
    for (const row of rows) expect(row).toMatch(/ (h|min) .* (s|min) .* (s|min|h)$/);
  });

  it("prints one JSON object for a sandbox and for a demo as well", async () => {
    await using place = await openPlace();
    const sandbox = place.start(["sandbox", "--port", "0", "--json"], { env: {} });
    await sandbox.line(/^\{"url":"http/m);
    sandbox.signal("SIGTERM");
    expect(objectOf(await sandbox.ended)).toHaveProperty("connectorUuid");
    // The settings of a real account are none of its business.
    const env = { QUALYS_AUTH: "oauth", QUALYS_PLATFORM: "EU2", QUALYS_CA_FILE: "none.pem" };
    const demo = await place.run(["demo", "--assets", "30", "--json"], { env });
    expect(objectOf(demo)).toMatchObject({ assets: 30, arrived: 30, callsOfSecondPush: 0 });
  });
});

describe("--open", () => {
  async function writeProgram(place: Place, name: string, script: string) {
    await place.write(name, `#!/bin/sh\n${script}\n`);
    await chmod(join(place.dir, name), 0o755);
  }

  /** A place whose PATH begins with a browser that writes down what it is to open. */
  async function openPlaceWithBrowser() {
    const place = await openPlace();
    for (const name of ["xdg-open", "open"]) {
      await writeProgram(place, name, `printf %s "$1" > "${place.dir}/opened"`);
    }
    const env = { PATH: `${place.dir}:${process.env["PATH"]}` };
    const opened = () =>
      vi.waitFor(async () => {
        const url = await readFile(join(place.dir, "opened"), "utf8");
        expect(url).toMatch(/^http:.*\/$/);
        return url;
      }, FACT);
    return { place, env, opened };
  }

  it("opens the sandbox's page in a browser", async () => {
    const { place, env, opened } = await openPlaceWithBrowser();
    await using _ = place;
    const sandbox = place.start(["sandbox", "--port", "0", "--open"], { env });
    const [, address] = await sandbox.line(/in a browser: (\S+)/);
    expect(await opened()).toBe(address);
    sandbox.signal("SIGINT");
    expect((await sandbox.ended).exitCode).toBe(0);
  });

  it("keeps a demo's page up until a signal", async () => {
    const { place, env, opened } = await openPlaceWithBrowser();
    await using _ = place;
    const demo = place.start(["demo", "--assets", "30", "--open"], { env });
    const [, address = ""] = await demo.line(/look around at (\S+);/);
    expect(await opened()).toBe(address);
    expect((await fetch(address)).headers.get("content-type")).toContain("text/html");
    demo.signal("SIGINT");
    const { exitCode, stdout } = await demo.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain("30 of 30 assets arrived");
  });

  it("says so where there is no browser to open it with", async () => {
    await using place = await openPlace();
    await writeProgram(place, "readlink", 'exec /usr/bin/readlink "$@"');
    const env = { PATH: place.dir };
    const sandbox = place.start(["sandbox", "--port", "0", "--open"], { env });
    await sandbox.line(/Cannot open a browser: there is no .*; open http\S+ yourself/);
  });
});

describe("sluice --help", () => {
  function verbsOf(help: string): string[] {
    const commands = help.slice(help.indexOf("Commands:"));
    return [...commands.matchAll(/^ {2}(\w+)/gm)].map(([, verb]) => verb ?? "");
  }

  it("has an example for every verb, and a way to have JSON for all but those that print NDJSON", async () => {
    await using place = await openPlace();
    const help = async (...words: string[]) => {
      const ended = await place.run([...words, "--help"], { env: {} });
      expect(ended.exitCode).toBe(0);
      return ended.stdout;
    };
    const groups = ["dead", "mapping", "config", "connectors"];
    const verbs = verbsOf(await help()).filter((verb) => verb !== "help" && !groups.includes(verb));
    const grouped = groups.map(async (group) => {
      const own = verbsOf(await help(group)).filter((verb) => verb !== "help");
      return own.map((verb) => [group, verb]);
    });
    const ofGroups = (await Promise.all(grouped)).flat();
    const dead = ofGroups.filter(([group]) => group === "dead").map(([, verb]) => verb);
    expect(verbs).toEqual(expect.arrayContaining(["push", "enqueue", "up", "drain", "sample"]));
    expect(dead).toEqual(["list", "show", "replay", "discard", "export"]);
    const all = [...verbs.map((verb) => [verb]), ...ofGroups];
    const texts = await Promise.all(all.map((words) => help(...words)));
    for (const [index, words] of all.entries()) {
      const text = texts[index] ?? "";
      expect(text).toMatch(new RegExp(`Example:\n  (.*\\| )?sluice ${words.join(" ")}`));
      const isNdjson = ["sample", "dead export"].includes(words.join(" "));
      expect(text.includes("--json"), words.join(" ")).toBe(!isNdjson);
    }
  });
});
