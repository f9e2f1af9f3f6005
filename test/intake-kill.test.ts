import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createApiKey } from "@sluice/producer";
import { listRuns, loadChunk, recountPending, type Account } from "@sluice/queue";
import { describe, expect, it } from "vitest";
import { eventually } from "./support/intake.ts";
import { openPlace } from "./support/sluice.ts";

const CLIENTS = 30;
const LARGE_EVERY = 40;
const LARGE_RECORDS = 600;
const ANSWER_MS_MAX = 20_000;

/** Requests that were answered 202, and those whose outcome their client does not know. */
interface Outcomes {
  accepted: number[];
  unknown: number[];
}

/** Most requests have one asset; some are streams of several chunks. */
function recordsOf(request: number): string[] {
  const count = request % LARGE_EVERY === 0 ? LARGE_RECORDS : 1;
  return Array.from({ length: count }, (_, index) => JSON.stringify({ id: `${request}-${index}` }));
}

async function send(url: string, key: string, request: number): Promise<number> {
  const response = await fetch(`${url}/v1/connectors/default/assets?run=load`, {
    method: "POST",
    body: recordsOf(request).join("\n"),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/x-ndjson",
      "idempotency-key": `request-${request}`,
    },
  });
  await response.arrayBuffer();
  return response.status;
}

/** Clients that send one request after the other until one of them gets no answer. */
async function sendUntilKilled(url: string, key: string, next: () => number): Promise<Outcomes> {
  const outcomes: Outcomes = { accepted: [], unknown: [] };
  async function client(): Promise<void> {
    for (;;) {
      const request = next();
      const status = await send(url, key, request).catch(() => null);
      if (status !== 202) {
        outcomes.unknown.push(request);
        return;
      }
      outcomes.accepted.push(request);
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return outcomes;
}

/** Every record that waits, by its chunk. */
async function storedIds(account: Account): Promise<string[]> {
  const ids: string[] = [];
  for (const sequence of await account.client.zrange(account.key("chunks"), "0", "-1")) {
    const chunk = await loadChunk(account, Number(sequence));
    for (const { text } of chunk?.records ?? []) ids.push((JSON.parse(text) as { id: string }).id);
  }
  return ids;
}

describe("an intake killed under load", () => {
  it("has every 202 in the books, and what is sent again with the same Idempotency-Key counts once", async () => {
    await using place = await openPlace();
    const { account } = place;
    const { key, line } = createApiKey("agent");
    const keysFile = join(place.dir, "keys");
    await writeFile(keysFile, `${line}\n`);
    const env = { ...place.env, SLUICE_INTAKE_PORT: "0", SLUICE_INTAKE_KEYS_FILE: keysFile };
    const start = async () => {
      const command = place.start(["up", "--role", "producer"], { env });
      const [, url = ""] = await command.line(/^intake: (http:\/\/[\w.:]+)/m);
      return { command, url };
    };
    let last = 0;
    const accepted: number[] = [];
    const unknown: number[] = [];
    for (const kill of [1, 2]) {
      const { command, url } = await start();
      const before = await account.client.zcard(account.key("chunks"));
      const sending = sendUntilKilled(url, key, () => unknown.pop() ?? (last += 1));
      await eventually(async () => {
        const chunks = await account.client.zcard(account.key("chunks"));
        expect(chunks).toBeGreaterThan(before + 30 * kill);
      });
      command.signal("SIGKILL");
      const outcomes = await sending;
      accepted.push(...outcomes.accepted);
      unknown.push(...outcomes.unknown);
      expect(outcomes.accepted.length).toBeGreaterThan(0);
      expect(unknown.length).toBeGreaterThan(0);
      const stored = new Set(await storedIds(account));
      const missing = accepted.flatMap(recordsOf).filter((text) => {
        return !stored.has((JSON.parse(text) as { id: string }).id);
      });
      expect(missing).toEqual([]);
    }
    const { command, url } = await start();
    const again = await Promise.all([...unknown, ...accepted].map((one) => send(url, key, one)));
    expect(new Set(again)).toEqual(new Set([202]));
    const all = [...unknown, ...accepted].flatMap(recordsOf);
    expect(new Set(all).size).toBe(all.length);
    expect((await storedIds(account)).sort()).toEqual(
      all.map((text) => (JSON.parse(text) as { id: string }).id).sort(),
    );
    const [run] = await listRuns(account);
    expect(run).toMatchObject({ read: all.length, pending: all.length });
    expect(await recountPending(account, run?.id ?? "")).toBe(all.length);
    command.signal("SIGTERM");
    expect((await command.ended).exitCode).toBe(0);
  });
});
