import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readRun, recountPending } from "@sluice/queue";
import { startSandbox, type Sandbox } from "@sluice/sandbox";
import { sampleLines } from "@sluice/sources";
import { describe, expect, inject, it, vi } from "vitest";
import { freshAccount } from "./support/accounts.ts";
import { ROOT } from "./support/project.ts";

const LIMIT = 20;
const WINDOW_MS = 5_000;
const ASSETS = 5_000;

interface LogLine {
  time: string;
  event: string;
  reason?: string;
  durationMs?: number | null;
}

/** A role as a process of its own, and what it has logged. */
class RoleProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly lines: LogLine[] = [];

  constructor(args: readonly string[], env: Record<string, string>) {
    this.child = spawn(join(ROOT, "apps/sluice/bin/sluice"), args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (this.child.stderr === null) throw new Error("no stderr");
    createInterface(this.child.stderr).on("line", (line) => {
      if (line.startsWith("{")) this.lines.push(JSON.parse(line) as LogLine);
    });
  }

  /** Its exit code, or the signal that ended it. */
  async ended(): Promise<number | string | null> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null)
      return child.exitCode ?? child.signalCode;
    return await new Promise((resolve) =>
      child.once("exit", (code, signal) => resolve(code ?? signal)),
    );
  }

  of(event: string): LogLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended();
  }
}

/** No call arrived while a hold was in force. */
function expectSilence(sandbox: Sandbox, held: readonly LogLine[]): void {
  const TOLERANCE_MS = 100;
  for (const { time, durationMs } of held) {
    const fromMs = Date.parse(time);
    const untilMs = fromMs + (durationMs ?? 0) - TOLERANCE_MS;
    const during = sandbox.calls.filter(
      ({ atMs }) => atMs > fromMs + TOLERANCE_MS && atMs < untilMs,
    );
    expect(during).toEqual([]);
  }
}

describe("two workers and two senders as processes", () => {
  it("deliver everything within the limit, although one sender is killed on the way", async () => {
    await using account = await freshAccount();
    const dir = await mkdtemp(join(tmpdir(), "sluice-processes-"));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rm(dir, { recursive: true, force: true }));
    const sandbox = stack.use(
      await startSandbox({ limit: LIMIT, windowMs: WINDOW_MS, concurrency: 2, latencyMs: 50 }),
    );
    const file = join(dir, "inventory.ndjson");
    const lines = sampleLines({ assets: ASSETS, seed: 11, profile: "low-entropy" });
    await writeFile(
      file,
      lines.map((line) => `${line}\n`),
    );
    const env = {
      REDIS_URL: inject("redisUrl"),
      SLUICE_ACCOUNT: account.name,
      SLUICE_PACING: "burst",
      QUALYS_GATEWAY_URL: sandbox.url,
      QUALYS_USERNAME: sandbox.username,
      QUALYS_PASSWORD: sandbox.password,
      QUALYS_CONNECTOR_UUID: sandbox.connectorUuid,
    };
    const start = (...args: string[]) => stack.use(new RoleProcess(args, env));
    const workers = [start("up", "--role", "worker"), start("up", "--role", "worker")];
    const senders = [start("up", "--role", "sender"), start("up", "--role", "sender")];
    expect(await start("enqueue", file).ended()).toBe(0);
    const [run = ""] = await account.client.zrange(account.key("runs"), "0", "0");

    await vi.waitFor(() => expect(sandbox.calls.length).toBeGreaterThan(LIMIT), {
      timeout: 30_000,
    });
    const victim = senders.find((sender) => sender.of("batch.accepted").length > 0);
    if (victim === undefined) throw new Error("no sender has sent");
    const survivor = senders.find((sender) => sender !== victim);
    victim.child.kill("SIGKILL");
    expect(await victim.ended()).toBe("SIGKILL");
    const callsAtKill = sandbox.calls.length;

    await vi.waitFor(
      async () => expect(await readRun(account, run)).toMatchObject({ state: "done" }),
      {
        timeout: 50_000,
        interval: 100,
      },
    );
    expect(await readRun(account, run)).toMatchObject({ read: ASSETS, delivered: ASSETS, dead: 0 });
    expect(await recountPending(account, run)).toBe(0);
    expect(sandbox.count()).toBe(ASSETS);
    expect(sandbox.callsInWorstWindow()).toBeLessThanOrEqual(LIMIT);
    expect(sandbox.calls.length).toBeGreaterThan(callsAtKill);
    expect(survivor?.of("batch.accepted").length).toBeGreaterThan(0);
    const held = senders.flatMap((sender) => sender.of("send.held"));
    expect(held.length).toBeGreaterThan(0);
    expectSilence(sandbox, held);

    for (const role of [...workers, survivor]) role?.child.kill("SIGTERM");
    for (const role of [...workers, survivor]) expect(await role?.ended()).toBe(0);
  });
});
