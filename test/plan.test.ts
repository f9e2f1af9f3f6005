import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contentOf, hostLines, openPlace, type Ended, type Place } from "./support/sluice.ts";

interface PlanOutput {
  compared: { kind: string; message?: string };
  read: number;
  new: number;
  changed: number;
  unchanged: number;
  coalesced: number;
  dead: number;
  calls: number;
  budget: { isLearned: boolean; limit: number; callsBefore: number; elapsedMs: number | null };
  deadLetters: { reason: string; records: number; examples: { source: string; line: number }[] }[];
  findings: { code: string; level: string }[];
}

function planOf({ stdout, stderr }: Ended): PlanOutput {
  expect(stdout.split("\n"), stderr).toHaveLength(2);
  return JSON.parse(stdout) as PlanOutput;
}

const NOWHERE = { REDIS_URL: "redis://127.0.0.1:1" };

async function endOf(place: Place, text: string, ...args: string[]): Promise<Ended> {
  await place.write("hosts.ndjson", text);
  return await place.run(["plan", "hosts.ndjson", ...args], { env: { ...place.env, ...NOWHERE } });
}

/** All that is in Redis, but for what BullMQ lets expire. */
async function lastingContentOf({ account }: Place): Promise<string> {
  // It may be the last key of all, and its value may expire before it is read.
  return (await contentOf(account))
    .replaceAll(/\S+:stalled-check(?:\n\d+)?(?:\n|$)/g, "")
    .trimEnd();
}

describe.concurrent("sluice plan", () => {
  it("foretells the books of the push that follows, and changes nothing", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(40));
    expect((await place.run(["push", "hosts.ndjson"])).exitCode).toBe(0);
    const lines = hostLines(65).replaceAll(/("host-\d",.*)Debian 12/g, "$1Debian 13");
    await place.write("hosts.ndjson", `${lines}{oops\n${hostLines(3)}`);
    const before = await lastingContentOf(place);
    const calls = place.sandbox.calls.length;
    const ended = await place.run(["plan", "hosts.ndjson", "--json"]);
    const plan = planOf(ended);
    expect(ended.exitCode).toBe(3);
    // The last three of hosts 1 to 9 are as they were sent.
    expect(plan).toMatchObject({
      compared: { kind: "account" },
      read: 69,
      new: 25,
      changed: 6,
      unchanged: 34,
      coalesced: 3,
      dead: 1,
      calls: 4,
      deadLetters: [{ reason: "malformed", records: 1, examples: [{ line: 66 }] }],
    });
    expect(await lastingContentOf(place)).toBe(before);
    expect(place.sandbox.calls).toHaveLength(calls);
    const pushed = await place.run(["push", "hosts.ndjson", "--json"]);
    const { read, unchanged, coalesced, dead, ...books } = JSON.parse(pushed.stdout) as Record<
      string,
      number
    >;
    expect({ read, unchanged, coalesced, dead }).toEqual({
      read: plan.read,
      unchanged: plan.unchanged,
      coalesced: plan.coalesced,
      dead: plan.dead,
    });
    expect(books).toMatchObject({ delivered: plan.new + plan.changed, calls: plan.calls });
  });

  it("knows again what Qualys has refused", async () => {
    await using place = await openPlace();
    place.sandbox.fault([{ kind: "refuse-assets", keys: ["host-3"], times: "always" }]);
    await place.write("hosts.ndjson", hostLines(5));
    expect((await place.run(["push", "hosts.ndjson"])).exitCode).toBe(3);
    const ended = await place.run(["plan", "hosts.ndjson", "--json"]);
    expect(ended.exitCode).toBe(3);
    expect(planOf(ended)).toMatchObject({
      unchanged: 4,
      dead: 1,
      calls: 0,
      deadLetters: [{ reason: "refused", examples: [{ source: "hosts.ndjson", line: 3 }] }],
    });
  });

  it("puts the calls for what waits already before its own, and tells no time where sending is held", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(30));
    await place.run(["enqueue", "hosts.ndjson"]);
    const {
      new: fresh,
      calls,
      budget,
    } = planOf(await place.run(["plan", "hosts.ndjson", "--json"]));
    // No worker has looked at the chunks yet, so nobody knows which assets are in them.
    expect({ fresh, calls, callsBefore: budget.callsBefore }).toEqual({
      fresh: 30,
      calls: 3,
      callsBefore: 3,
    });
    expect(budget.elapsedMs).not.toBeNull();
    await place.run(["pause"]);
    const held = await place.run(["plan", "hosts.ndjson"]);
    expect(held.stdout).toContain("nobody knows: see sluice status; 300 calls in 60 min");
  });

  it("goes by the limits that Qualys has told; else by the configured ones, and says so", async () => {
    await using place = await openPlace({ limit: 8, windowMs: 60_000 });
    await place.write("hosts.ndjson", hostLines(10));
    const configured = { ...place.env, SLUICE_CALLS_LIMIT: "2", SLUICE_CALLS_WINDOW_SEC: "100" };
    const plan = async (...args: string[]) =>
      await place.run(["plan", "hosts.ndjson", ...args], { env: configured });
    expect(planOf(await plan("--json")).budget).toMatchObject({ isLearned: false, limit: 2 });
    expect((await plan()).stdout).toContain("2 calls in 100 s, 1 at once, as configured");
    await place.run(["push", "hosts.ndjson"], { env: configured });
    await place.write("hosts.ndjson", hostLines(200));
    const { calls, budget } = planOf(await plan("--json"));
    expect(calls).toBe(19);
    expect(budget).toMatchObject({ isLearned: true, limit: 8, callsBefore: 0 });
    // One of eight calls is made: seven now, eight a window later, four more after another.
    expect(budget.elapsedMs).toBeGreaterThan(60_000);
    expect(budget.elapsedMs).toBeLessThan(180_000);
    expect((await plan()).stdout).toContain("8 calls in 60 s, 2 at once, as Qualys has told");
  });

  it("takes everything for new where no Redis answers, and says why", async () => {
    await using place = await openPlace();
    const ended = await endOf(place, hostLines(25), "--json");
    expect(ended.exitCode).toBe(0);
    expect(planOf(ended)).toMatchObject({
      compared: { kind: "unreachable", message: expect.stringContaining("REDIS_URL") as string },
      read: 25,
      new: 25,
      calls: 3,
    });
    expect((await endOf(place, hostLines(1))).stdout).toContain(
      "nothing is known of what was sent",
    );
  });

  it("starts no Redis of its own where there is nothing to compare with", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(3));
    const env = place.embedded;
    const first = planOf(await place.run(["plan", "hosts.ndjson", "--json"], { env }));
    expect(first).toMatchObject({ compared: { kind: "unused" }, new: 3 });
    expect(existsSync(env["SLUICE_DATA_DIR"] ?? "")).toBe(false);
    await place.run(["push", "hosts.ndjson"], { env });
    const second = planOf(await place.run(["plan", "hosts.ndjson", "--json"], { env }));
    expect(second).toMatchObject({ compared: { kind: "account" }, new: 0, unchanged: 3 });
  });

  it.for([
    ["0 with warnings", '{"id":"a"}\n{"id":"b","hostname":"localhost"}\n', [], 0],
    ["3 with warnings and --strict", '{"id":"a"}\n', ["--strict"], 3],
    ["0 with --strict when all is well", hostLines(3), ["--strict"], 0],
    ["3 when keys are shared", '{"id":1,"hostname":"a"}\n{"id":1,"hostname":"b"}\n', [], 3],
  ] as const)("ends with %s", async ([, text, args, exitCode]) => {
    await using place = await openPlace();
    const ended = await endOf(place, text, ...args);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(exitCode);
  });

  it("ends with 2 when a file is missing, and with 4 when it is stopped", async () => {
    await using place = await openPlace();
    expect(await place.run(["plan", "missing.ndjson"])).toMatchObject({ exitCode: 2, stdout: "" });
    const env = { ...place.env, ...NOWHERE };
    const running = place.start(["plan", "-"], { env, input: hostLines(1), isInputOpen: true });
    // The last thing before it reads on.
    await running.line(/everything counts as new/);
    running.signal("SIGINT");
    expect(await running.ended).toMatchObject({ exitCode: 4, stdout: "" });
  });

  it("shows people where each dead letter and each finding comes from, and the first asset", async () => {
    await using place = await openPlace();
    const text = `${hostLines(1)}{oops\n{"id":"a","hostname":"raspberrypi"}\n`;
    const { stdout } = await endOf(place, text);
    expect(stdout).toContain("dead: malformed, 1 record\n  hosts.ndjson:2: Cannot read the record");
    expect(stdout).toContain("warning: default-host-name, 1 record: the host name is one that");
    expect(stdout).toContain('"raspberrypi": hosts.ndjson:3');
    expect(stdout).toContain('"sourceNativeKey": "host-1"');
  });

  it("tells what of a mapping gave nothing for any record, which --strict complains of", async () => {
    await using place = await openPlace();
    await place.write("m.yaml", "fields: { id: id, ip: adress, os: os }\n");
    const { stdout, exitCode } = await endOf(place, hostLines(2), "--mapping", "m.yaml");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("1 part gave nothing for any record");
    expect(stdout).toContain("\n  fields.ip: adress\n");
    const strict = ["--mapping", "m.yaml", "--strict", "--json"];
    const strictly = await endOf(place, hostLines(2), ...strict);
    expect(strictly.exitCode).toBe(3);
    expect(planOf(strictly)).toMatchObject({ silent: [{ place: "fields.ip", expr: "adress" }] });
  });

  it("is what push --dry-run does, with its other options", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(25));
    const args = ["hosts.ndjson", "--first", "12", "--json"];
    const plan = planOf(await place.run(["plan", ...args]));
    expect(planOf(await place.run(["push", "--dry-run", ...args]))).toEqual(plan);
    expect(plan).toMatchObject({ read: 12, new: 12, calls: 2 });
    expect(place.sandbox.calls).toEqual([]);
  });
});
