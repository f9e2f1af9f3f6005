import { readRun } from "@sluice/queue";
import type { SandboxEvent, SandboxOptions } from "@sluice/sandbox";
import { describe, expect, inject, it, vi } from "vitest";
import { hostLines, openPlace, type Place } from "./support/sluice.ts";
import { startTcpProxy, type TcpProxy } from "./support/tcp-proxy.ts";

/** One batch. */
const ASSETS = 10;
const WAIT = { timeout: 40_000, interval: 50 };

/** A sender on ways of its own, with one batch on its hands. */
interface Scene extends AsyncDisposable {
  place: Place;
  redis: TcpProxy;
  gateway: TcpProxy;
  run: string;
  /** Ends the sender at once. */
  kill(): Promise<void>;
  /** Another sender takes over; resolves when all of the run is settled. */
  takeOver(): Promise<void>;
}

type Ways = Pick<Scene, "redis" | "gateway">;

interface SceneOptions {
  sandbox?: SandboxOptions;
  /** Done before the sender starts. */
  prepare?: (ways: Ways) => void;
  /** Done when the first call is answered, before the answer is on its way. */
  onAnswer?: (ways: Ways) => void;
}

async function startScene({ sandbox, prepare, onAnswer }: SceneOptions): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  let answered = () => {};
  const report = ({ event }: SandboxEvent) => event === "import-ended" && answered();
  const place = stack.use(await openPlace({ ...sandbox, report }));
  const redis = stack.use(await startTcpProxy(portOrPath(inject("redisUrl"))));
  const gateway = stack.use(await startTcpProxy(portOrPath(place.sandbox.url)));
  prepare?.({ redis, gateway });
  answered = () => onAnswer?.({ redis, gateway });
  place.start(["up", "--role", "worker"]);
  const env = {
    ...place.env,
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    QUALYS_GATEWAY_URL: `http://127.0.0.1:${gateway.port}`,
  };
  const sender = place.start(["up", "--role", "sender"], { env });
  await sender.line(/sender running/);
  await place.write("hosts.ndjson", hostLines(ASSETS));
  const { stdout } = await place.run(["enqueue", "hosts.ndjson", "--json"]);
  const { run } = JSON.parse(stdout) as { run: string };
  const owned = stack.move();
  return {
    place,
    redis,
    gateway,
    run,
    async kill() {
      sender.signal("SIGKILL");
      await sender.ended;
    },
    async takeOver() {
      place.start(["up", "--role", "sender"]);
      await vi.waitFor(async () => {
        expect(await readRun(place.account, run)).toMatchObject({ state: "done" });
      }, WAIT);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function portOrPath(address: string): string | number {
  return address.startsWith("/") ? address : Number(new URL(address).port || 6_379);
}

/** Everything arrived and is in the books once, by calls of one request id with these statuses. */
async function expectOneDelivery(
  { place, run }: Scene,
  statuses: readonly (number | null)[],
): Promise<void> {
  const books = await readRun(place.account, run);
  expect(books).toMatchObject({ read: ASSETS, delivered: ASSETS, dead: 0, pending: 0 });
  expect(place.sandbox.count()).toBe(ASSETS);
  expect(place.sandbox.calls.map(({ status }) => status)).toEqual(statuses);
  expect(new Set(place.sandbox.calls.map(({ requestId }) => requestId)).size).toBe(1);
}

describe("a sender that is killed", () => {
  it("before its call is made leaves the batch to another, which makes the only one", async () => {
    await using scene = await startScene({ prepare: ({ gateway }) => gateway.lose() });
    // It has its permit: what it says to the gateway, the sign-in first, is lost on the way.
    await vi.waitFor(() => expect(scene.gateway.connections).toBeGreaterThan(0), WAIT);
    await scene.kill();
    await scene.takeOver();
    await expectOneDelivery(scene, [200]);
  });

  it("during its call leaves the same request to another", async () => {
    const faults = { seed: 1, faults: [{ kind: "hang" } as const] };
    await using scene = await startScene({ sandbox: { faults } });
    const { calls } = scene.place.sandbox;
    await vi.waitFor(() => expect(calls[0]?.requestId).toEqual(expect.any(String)), WAIT);
    await scene.kill();
    await scene.takeOver();
    await expectOneDelivery(scene, [null, 200]);
  });

  it("while the answer is on its way leaves the same request to another", async () => {
    await using scene = await startScene({ onAnswer: ({ gateway }) => gateway.lose() });
    await vi.waitFor(() => expect(scene.place.sandbox.calls[0]?.status).toBe(200), WAIT);
    await scene.kill();
    await scene.takeOver();
    await expectOneDelivery(scene, [200, 200]);
  });

  it("before it could acknowledge the answer leaves the same request to another", async () => {
    await using scene = await startScene({ onAnswer: ({ redis }) => redis.lose() });
    await vi.waitFor(() => expect(scene.place.sandbox.calls[0]?.status).toBe(200), WAIT);
    await scene.kill();
    await scene.takeOver();
    await expectOneDelivery(scene, [200, 200]);
  });
});
