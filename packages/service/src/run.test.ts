import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { aborted, pause, runUntilSignal } from "./run.ts";

/** Takes part in place of the process: signals are emitted, exits are kept. */
function stage() {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const listeners = () => signals.listenerCount("SIGINT") + signals.listenerCount("SIGTERM");
  return { signals, exits, listeners, exit: (code: number) => void exits.push(code) };
}

describe("a process until its signal", () => {
  it.for(["SIGINT", "SIGTERM"])("drains on the first %s, and gives its result", async (name) => {
    const { signals, exits, exit } = stage();
    const drained = Promise.withResolvers<string>();
    const running = runUntilSignal(
      async (signal) => {
        await aborted(signal);
        expect(signal.reason).toMatchObject({ name: "AbortError" });
        return await drained.promise;
      },
      { signals, exit },
    );
    signals.emit(name);
    drained.resolve("drained");
    expect(await running).toBe("drained");
    expect(exits).toEqual([]);
  });

  it.for([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ends at once on a second signal, with %s by the code %i", async ([name, code]) => {
    const { signals, exits, exit } = stage();
    const drained = Promise.withResolvers<void>();
    const running = runUntilSignal(() => drained.promise, { signals, exit });
    signals.emit("SIGTERM");
    expect(exits).toEqual([]);
    signals.emit(name);
    expect(exits).toEqual([code]);
    drained.resolve();
    await running;
  });

  it("listens no more once it has ended", async () => {
    const { signals, exit, listeners } = stage();
    const whileRunning = await runUntilSignal(async () => listeners(), { signals, exit });
    expect([whileRunning, listeners()]).toEqual([2, 0]);
  });

  it("listens no more once it has failed, and fails alike", async () => {
    const { signals, exit, listeners } = stage();
    const failing = runUntilSignal(() => Promise.reject(new Error("no Redis")), { signals, exit });
    await expect(failing).rejects.toThrow("no Redis");
    expect(listeners()).toBe(0);
  });
});

describe("a real process", () => {
  /** Says "ready"; after a signal "draining"; after any input "drained", and ends. */
  function start() {
    const url = JSON.stringify(new URL("run.ts", import.meta.url));
    const script = `
      const { aborted, runUntilSignal } = await import(${url});
      const alive = setInterval(() => {}, 60_000);
      await runUntilSignal(async (signal) => {
        console.log("ready");
        await aborted(signal);
        console.log("draining");
        await new Promise((resolve) => process.stdin.once("data", resolve));
        console.log("drained");
      });
      clearInterval(alive);
      process.stdin.destroy();`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const said = async () => (await lines.next()).value;
    return { child, said, ended: once(child, "exit") };
  }

  it("drains after SIGTERM and then ends by itself", async () => {
    const { child, said, ended } = start();
    expect(await said()).toBe("ready");
    child.kill("SIGTERM");
    expect(await said()).toBe("draining");
    child.stdin.end("go on\n");
    expect(await said()).toBe("drained");
    expect(await ended).toEqual([0, null]);
  });

  it("ends in the middle of draining after a second SIGTERM", async () => {
    const { child, said, ended } = start();
    expect(await said()).toBe("ready");
    child.kill("SIGTERM");
    expect(await said()).toBe("draining");
    child.kill("SIGTERM");
    expect(await said()).toBeUndefined();
    expect(await ended).toEqual([143, null]);
  });
});

describe("waiting", () => {
  it("for the signal ends at once where it has aborted", async () => {
    await expect(aborted(AbortSignal.abort())).resolves.toBeUndefined();
  });

  it("a while ends with the signal, without an error", async () => {
    const controller = new AbortController();
    const waiting = pause(3_600_000, controller.signal);
    controller.abort();
    await expect(waiting).resolves.toBeUndefined();
    await expect(pause(3_600_000, controller.signal)).resolves.toBeUndefined();
  });

  it("a while ends by itself, and leaves nothing on the signal", async () => {
    const { signal } = new AbortController();
    await expect(pause(1, signal)).resolves.toBeUndefined();
    expect(signal.aborted).toBe(false);
  });
});
