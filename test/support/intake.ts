import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiKey, startIntake, type Intake, type IntakeOptions } from "@sluice/producer";
import { listRuns, openAccount, Queues, recountPending, type Account } from "@sluice/queue";
import { expect, inject, vi } from "vitest";
import { forgetAccount } from "./accounts.ts";

/** The connector of the tests, as workers know it. */
export const CONNECTOR = "da4b8361-2327-4bf1-af7d-2ce775bc9882";

/** The time that the intakes of tests believe it is. */
export const NOON_MS = Date.parse("2026-11-22T12:30:00Z");

/** An intake in this process, on an account of its own. */
export interface TestIntake extends AsyncDisposable {
  readonly url: string;
  readonly account: Account;
  readonly queues: Queues;
  /** A key of the caller `agent`. */
  readonly key: string;
  readonly keysFile: string;
  /** What was reported. */
  readonly troubles: readonly string[];
  /** Sends a body to the connector `default`, as JSON and with the key unless told otherwise. */
  post(body: Body, options?: PostOptions): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** Another intake process, as it were, on the same account. */
  another(): Promise<TestIntake>;
}

type Body = NonNullable<RequestInit["body"]>;

interface PostOptions {
  headers?: Readonly<Record<string, string>>;
  /** Without the question mark. */
  query?: string;
  /** Default: the assets of `default`. */
  path?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** Of JSON. */
  body: Record<string, unknown>;
}

interface AccountChoice {
  queueBytesMax?: number;
  /** Default: one of its own. */
  name?: string;
  /** Default: the tests' Redis. */
  redisUrl?: string;
}

export async function openIntake(
  options: Partial<IntakeOptions> & AccountChoice = {},
): Promise<TestIntake> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sluice-intake-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const { key, line } = createApiKey("agent");
  const keysFile = join(dir, "keys");
  await writeFile(keysFile, `${line}\n`);
  const { queueBytesMax, redisUrl = inject("redisUrl"), ...chosen } = options;
  const name = options.name ?? `test-${randomBytes(6).toString("hex")}`;
  const account = stack.use(
    await openAccount({
      redisUrl,
      account: name,
      ...(queueBytesMax && { queueBytesMax }),
    }),
  );
  if (options.name === undefined) stack.defer(() => forgetAccount(account));
  const queues = stack.use(new Queues(account));
  const troubles: string[] = [];
  const intake = stack.use(
    await startIntake({
      connectors: new Map([["default", { uuid: CONNECTOR, account, queues }]]),
      onTrouble: (message) => void troubles.push(message),
      host: "127.0.0.1",
      port: 0,
      keysFile,
      webhookSecrets: [],
      tls: null,
      bodyBytesMax: 4_000_000,
      callsPerSecMax: 100_000,
      lingerMs: 5,
      // Half past an hour, so that no test sees two.
      nowMs: () => NOON_MS,
      ...chosen,
    }),
  );
  const owned = stack.move();
  return {
    url: intake.url,
    account,
    queues,
    key,
    keysFile,
    troubles,
    post: (body, chosenPost) => post(intake, key, body, chosenPost),
    get: (path) => ask(`${intake.url}${path}`, { headers: { authorization: `Bearer ${key}` } }),
    another: () => openIntake({ ...options, keysFile, name }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function post(
  { url }: Intake,
  key: string,
  body: Body,
  { headers, query = "", path = "/v1/connectors/default/assets" }: PostOptions = {},
): Promise<Answer> {
  return await ask(`${url}${path}?${query}`, {
    method: "POST",
    body,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
  });
}

async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: response.status, headers: response.headers, body };
}

/** What all runs have read, where no worker is at work: just that waits, by an independent count. */
export async function countBooks(account: Account): Promise<number> {
  let read = 0;
  for (const run of await listRuns(account)) {
    expect(await recountPending(account, run.id)).toBe(run.pending);
    expect(run.pending).toBe(run.read);
    read += run.read;
  }
  return read;
}

/** Waits for a fact, however slow the machine is. */
export async function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  return await vi.waitFor(look, { timeout: 20_000, interval: 20 });
}
