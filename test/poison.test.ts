import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import {
  enqueueChunk,
  listDeadLetters,
  openRun,
  Queues,
  readRun,
  recountPending,
  sealRun,
} from "@sluice/queue";
import { describe, expect, inject, it, vi } from "vitest";
import { freshAccount } from "./support/accounts.ts";
import { ROOT } from "./support/project.ts";
import { openPlace } from "./support/sluice.ts";

const CONNECTOR = "da4b8361-2327-4bf1-af7d-2ce775bc9882";
const DEADLY = new URL("support/deadly-records.ts", import.meta.url).href;

/** A worker that is started again whenever it ends, as a container is. Deadly records do what they say. */
class LastingWorker implements AsyncDisposable {
  /** How its processes ended. */
  readonly ends: (string | number | null)[] = [];
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess;
  #isWanted = true;

  constructor(account: string) {
    this.#env = {
      PATH: process.env["PATH"],
      REDIS_URL: inject("redisUrl"),
      SLUICE_ACCOUNT: account,
      QUALYS_GATEWAY_URL: "http://127.0.0.1:9",
      QUALYS_CONNECTOR_UUID: CONNECTOR,
      NODE_OPTIONS: `--import=${DEADLY}`,
    };
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    const command = join(ROOT, "apps/sluice/bin/sluice");
    const child = spawn(command, ["up", "--role", "worker"], { env: this.#env, stdio: "ignore" });
    child.once("exit", (code, signal) => {
      this.ends.push(signal ?? code);
      if (this.#isWanted) this.#child = this.#start();
    });
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isWanted = false;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

describe("a record that ends whoever transforms it", () => {
  it.for([
    ["heap", "it took more than 256 MB of memory"],
    ["loop", "it took longer than 10000 ms"],
    ["kill", "it ended its process with SIGKILL"],
  ])("by %s is a dead letter, and its neighbours go on", async ([deadly = "", how]) => {
    await using account = await freshAccount();
    await using queues = new Queues(account);
    const lane = "live";
    const description = { sources: [] };
    const run = await openRun(account, { connector: CONNECTOR, lane, description });
    const ids = ["a", "b", "poison", "c"];
    const records = ids.map((id, index) => ({
      text: JSON.stringify({ id, hostname: id, ...(id === "poison" && { deadly }) }),
      line: index + 1,
    }));
    const place = { run, lane, producer: "test", ordinal: 1 } as const;
    await enqueueChunk(account, queues, place, { source: "hosts.ndjson", records });
    await sealRun(account, run);
    // An endless loop keeps its worker, so the chunk needs another one.
    await using one = new LastingWorker(account.name);
    await using two = new LastingWorker(account.name);
    await vi.waitFor(async () => expect(await readRun(account, run)).toMatchObject({ dead: 1 }), {
      timeout: 55_000,
      interval: 100,
    });
    expect(await readRun(account, run)).toMatchObject({ read: 4, pending: 3, dead: 1 });
    expect(await recountPending(account, run)).toBe(3);
    const letters = await listDeadLetters(account, {});
    expect(letters).toMatchObject([
      { reason: "poison", line: 3, message: expect.stringContaining(how ?? "") },
    ]);
    for (const { failed } of Object.values(await queues.counts())) expect(failed).toBe(0);
    // No more than the one that met it first, before anybody knew.
    expect(one.ends.length + two.ends.length).toBeLessThanOrEqual(1);
  });
});

describe("a job in a failed set", () => {
  it("is an alarm of sluice status, for none ever should be there", async () => {
    await using place = await openPlace();
    const { client, base } = place.account;
    expect((await place.run(["status"])).stdout).not.toContain("ALARM");
    await client.zadd(`${base}outbound:failed`, 1, "batch-1");
    expect((await place.run(["status"])).stdout).toContain(
      "ALARM: 1 job is in a failed set; none ever should be",
    );
    const ended = await place.run(["status", "--json"]);
    expect(JSON.parse(ended.stdout)).toMatchObject({ accounts: [{ failedJobs: 1 }] });
  });
});
