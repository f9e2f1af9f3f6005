import { describe, expect, it } from "vitest";
import { BatchStage, type BatchStageOptions } from "./batch-stage.ts";
import type { PipelineEvent } from "./events.ts";

type Cut = Awaited<ReturnType<BatchStageOptions["cut"]>>;

const NEVER_MS = 3_600_000;

/** Outboxes with so many batches each; at their end, and in between, whatever `cut` is told to say. */
function start(outboxes: Record<string, number>, changes: Partial<BatchStageOptions> = {}) {
  const done: string[] = [];
  const events: PipelineEvent[] = [];
  let batches = 0;
  const stage = new BatchStage({
    backlog: async () => Object.keys(outboxes).filter((name) => (outboxes[name] ?? 0) > 0),
    cut: async (connector): Promise<Cut> => {
      const left = outboxes[connector] ?? 0;
      if (left === 0) return { kind: "empty" };
      outboxes[connector] = left - 1;
      batches += 1;
      done.push(`cut ${batches} of ${connector}`);
      return { kind: "batch", batch: batches, assets: 100, lane: "backfill" };
    },
    publish: async (batch) => void done.push(`publish ${batch}`),
    report: (event) => void events.push(event),
    idleMs: NEVER_MS,
    ...changes,
  });
  return { stage, done, events };
}

/** Tells when something was done so many times. */
function counter() {
  const reached = new Map<number, PromiseWithResolvers<void>>();
  let count = 0;
  function gate(target: number): PromiseWithResolvers<void> {
    const known = reached.get(target) ?? Promise.withResolvers<void>();
    reached.set(target, known);
    return known;
  }
  return {
    add: () => gate((count += 1)).resolve(),
    reaches: (target: number) => gate(target).promise,
  };
}

describe("a round", () => {
  it("goes over the connectors in turn, a batch each, until none has one to give", async () => {
    const { stage, done, events } = start({ a: 2, b: 1, c: 0 });
    expect(await stage.tick()).toBe(NEVER_MS);
    expect(done).toEqual([
      "cut 1 of a",
      "publish 1",
      "cut 2 of b",
      "publish 2",
      "cut 3 of a",
      "publish 3",
    ]);
    expect(events).toEqual([
      { event: "batch.cut", batch: 1, connector: "a", assets: 100 },
      { event: "batch.cut", batch: 2, connector: "b", assets: 100 },
      { event: "batch.cut", batch: 3, connector: "a", assets: 100 },
    ]);
  });

  it("passes over a connector of which enough is cut, and goes on with the others", async () => {
    const asked: string[] = [];
    const { stage, done } = start(
      { a: 1, b: 1 },
      {
        cut: async (connector) => {
          asked.push(connector);
          return { kind: "full" };
        },
      },
    );
    expect(await stage.tick()).toBe(NEVER_MS);
    expect([asked, done]).toEqual([["a", "b"], []]);
  });

  it("is followed by the smallest wait that a connector asks for", async () => {
    const waitsMs: Record<string, number> = { a: 300, b: 20, c: 4_000 };
    const { stage } = start(
      { a: 1, b: 1, c: 1 },
      { cut: async (connector) => ({ kind: "wait", delayMs: waitsMs[connector] ?? 0 }) },
    );
    expect(await stage.tick()).toBe(20);
  });

  it("is followed by no longer wait than the idle one, a second by default", async () => {
    const options = { backlog: async () => ["a"], publish: async () => {}, report: () => {} };
    const cut = async (): Promise<Cut> => ({ kind: "wait", delayMs: 5_000 });
    expect(await new BatchStage({ ...options, cut }).tick()).toBe(1_000);
    expect(await new BatchStage({ ...options, cut, idleMs: 100 }).tick()).toBe(100);
  });

  it("publishes what it has cut while it cuts the next, and ends when all is published", async () => {
    const gate = Promise.withResolvers<void>();
    const { stage, done } = start(
      { a: 2 },
      {
        publish: async (batch) => {
          // The first can't be published before the second is cut.
          if (batch === 2) gate.resolve();
          await gate.promise;
          done.push(`published ${batch}`);
        },
      },
    );
    await stage.tick();
    expect(done).toHaveLength(4);
    expect(done.slice(2).sort()).toEqual(["published 1", "published 2"]);
  });

  it("reports a batch that could not be published, and goes on", async () => {
    const { stage, events } = start(
      { a: 2 },
      {
        publish: async (batch) => {
          if (batch === 1) throw new Error("no Redis");
        },
      },
    );
    expect(await stage.tick()).toBe(NEVER_MS);
    expect(events).toContainEqual({ event: "trouble", stage: "batch", message: "no Redis" });
    expect(events.filter(({ event }) => event === "batch.cut")).toEqual([
      { event: "batch.cut", batch: 2, connector: "a", assets: 100 },
    ]);
  });

  it("ends with what is published even where the cutting fails", async () => {
    const cuts: Cut[] = [{ kind: "batch", batch: 1, assets: 100, lane: "live" }];
    const { stage, events } = start(
      { a: 1 },
      {
        cut: async () => {
          const cut = cuts.shift();
          if (cut === undefined) throw new Error("no Redis");
          return cut;
        },
      },
    );
    await expect(stage.tick()).rejects.toThrow("no Redis");
    expect(events.map(({ event }) => event)).toEqual(["batch.cut"]);
  });
});

describe("round after round", () => {
  /** A stage that runs with nothing to cut; each round waits for `hold`, if there is one. */
  function run(changes: Partial<BatchStageOptions> = {}) {
    const rounds = counter();
    const stopping = new AbortController();
    const { stage, events } = start(
      {},
      {
        backlog: async () => {
          rounds.add();
          return [];
        },
        ...changes,
      },
    );
    const running = stage.run(stopping.signal);
    return { stage, events, rounds, running, stop: () => stopping.abort() };
  }

  it("the next begins with a wake, however long the wait", async () => {
    const { stage, rounds, running, stop } = run();
    for (let round = 1; round <= 3; round += 1) {
      await rounds.reaches(round);
      stage.wake();
    }
    await rounds.reaches(4);
    stop();
    await running;
  });

  it("the next begins by itself after the wait", async () => {
    const { rounds, running, stop } = run({ idleMs: 1 });
    await rounds.reaches(3);
    stop();
    await running;
  });

  it("a wake in the middle of one is not lost", async () => {
    const rounds = counter();
    const gate = Promise.withResolvers<readonly string[]>();
    const { stage, running, stop } = run({
      backlog: async () => {
        rounds.add();
        return await gate.promise;
      },
    });
    await rounds.reaches(1);
    stage.wake();
    gate.resolve([]);
    await rounds.reaches(2);
    stop();
    await running;
  });

  it.for([
    ["no Redis", new Error("no Redis")],
    ["out of order", "out of order"],
  ] as const)("an error is reported (%s), and the next tries again", async ([message, thrown]) => {
    const rounds = counter();
    const reported: PipelineEvent[] = [];
    const { stage, running, stop } = run({
      backlog: () => {
        rounds.add();
        return reported.length === 0 ? Promise.reject(thrown) : Promise.resolve([]);
      },
      report: (event) => {
        reported.push(event);
        stage.wake();
      },
    });
    await rounds.reaches(2);
    expect(reported).toEqual([{ event: "trouble", stage: "batch", message }]);
    stop();
    await running;
  });

  it("there is none once the signal has aborted, be it while it waits or in the middle of one", async () => {
    const waiting = run();
    await waiting.rounds.reaches(1);
    waiting.stop();
    await waiting.running;

    const gate = Promise.withResolvers<readonly string[]>();
    const busy = run({ backlog: () => gate.promise });
    busy.stop();
    gate.resolve([]);
    await busy.running;

    const asked: string[] = [];
    const { stage } = start(
      {},
      {
        backlog: async () => {
          asked.push("backlog");
          return [];
        },
      },
    );
    await stage.run(AbortSignal.abort());
    expect(asked).toEqual([]);
  });
});
