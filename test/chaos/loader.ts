import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { listRuns, readRun, type Account, type Lane, type Run } from "@sluice/queue";
import { Chance } from "../support/random.ts";
import type { House } from "./house.ts";
import type { Journal } from "./journal.ts";
import { spawnSluice } from "./kept-process.ts";

const AGAIN_MS = 300;
const ANSWER_MS_MAX = 30_000;
/** A killed producer is replaced by one that is left alone, in the end. */
const KILLS_MAX = 2;

interface LoaderOptions {
  house: House;
  account: Account;
  journal: Journal;
  seed: number;
}

/**
 * The sources: brings loads into Redis by files and over HTTP, with producers that are killed on the way and what an
 * operator, or a client that keeps to the rules, does then. A load is done when all of it is enqueued and sealed.
 */
export class Loader {
  /** Records by run. */
  readonly loaded = new Map<string, number>();
  readonly #house: House;
  readonly #account: Account;
  readonly #chance: Chance;
  readonly #journal: Journal;

  constructor({ house, account, journal, seed }: LoaderOptions) {
    this.#house = house;
    this.#account = account;
    this.#chance = new Chance(seed);
    this.#journal = journal;
  }

  /** `sluice enqueue`, and `sluice push --resume` where it was killed before its end. */
  async byFiles(name: string, lines: readonly string[], signal: AbortSignal): Promise<void> {
    const files = await this.#write(name, lines);
    const lane: Lane = this.#chance.isHit(0.3) ? "live" : "backfill";
    const killsMs = Array.from({ length: KILLS_MAX }, () =>
      this.#chance.isHit(0.3) ? 400 + this.#chance.below(1_500) : null,
    );
    this.#journal.say(`load ${name}: ${lines.length} records in ${files.length} files, ${lane}`);
    for (;;) {
      signal.throwIfAborted();
      const run = await this.#runOf(files[0] ?? "");
      if (run !== undefined && run.state !== "open") {
        this.loaded.set(run.id, lines.length);
        return;
      }
      const args = run ? ["push", "--resume", run.id] : ["enqueue", "--lane", lane, ...files];
      await this.#produce(args, run?.id ?? null, killsMs.shift() ?? null, signal);
      await delay(AGAIN_MS, undefined, { signal });
    }
  }

  /** Requests to the intake, each sent again until it is taken. */
  async overHttp(name: string, lines: readonly string[], signal: AbortSignal): Promise<void> {
    const lane: Lane = this.#chance.isHit(0.7) ? "live" : "backfill";
    const rest = [...lines];
    let run = "";
    this.#journal.say(`load ${name}: ${lines.length} records over HTTP, ${lane}`);
    for (let part = 1; rest.length > 0; part += 1) {
      const body = rest.splice(0, 10 + this.#chance.below(30)).join("\n");
      const path = `v1/connectors/default/assets?run=${name}&lane=${lane}`;
      const headers = {
        "content-type": "application/x-ndjson",
        "idempotency-key": `${name}-${part}`,
      };
      const answer = await this.#post(path, { body, headers }, signal);
      run = (answer as { run: string }).run;
    }
    await this.#post(`v1/runs/${run}/seal`, { headers: {} }, signal);
    this.loaded.set(run, lines.length);
  }

  async #write(name: string, lines: readonly string[]): Promise<string[]> {
    const count = 1 + this.#chance.below(3);
    const size = Math.ceil(lines.length / count);
    const files: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const text = Buffer.from(
        lines
          .slice(index * size, (index + 1) * size)
          .map((line) => `${line}\n`)
          .join(""),
      );
      const isZipped = this.#chance.isHit(0.5);
      const file = join(this.#house.dir, `${name}-${index + 1}.ndjson${isZipped ? ".gz" : ""}`);
      await writeFile(file, isZipped ? await promisify(gzip)(text) : text);
      files.push(file);
    }
    return files;
  }

  async #runOf(file: string): Promise<Run | undefined> {
    const runs = await listRuns(this.#account, 1_000);
    return runs.find(({ description }) => description.sources[0]?.source === file);
  }

  /** One producer, until it ends, is killed, or its run needs it no more. */
  async #produce(
    args: readonly string[],
    run: string | null,
    killMs: number | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { logs, env } = this.#house;
    const child = spawnSluice([...args, "--json"], env, join(logs, "loader.log"));
    const ended = once(child, "exit");
    const isOver = new AbortController();
    const { signal: over } = isOver;
    void ended.then(() => isOver.abort());
    if (killMs !== null) {
      await delay(killMs, undefined, { signal: over }).catch(() => {});
      this.#journal.say(`kill ${args[0]} after ${killMs} ms`);
      this.#journal.kills += 1;
      this.#journal.disturbed("sender");
      child.kill("SIGKILL");
    }
    // One that resumes a run works it off, too; others do that here.
    if (run !== null) await this.#untilSealed(run, AbortSignal.any([over, signal]));
    if (run !== null) this.#journal.disturbed("sender");
    if (run !== null) child.kill(this.#chance.isHit(0.5) ? "SIGKILL" : "SIGTERM");
    await ended;
  }

  async #untilSealed(run: string, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const found = await readRun(this.#account, run);
      if (found?.state !== "open") return;
      await delay(AGAIN_MS, undefined, { signal: over }).catch(() => {});
    }
  }

  async #post(
    path: string,
    { body, headers }: { body?: string; headers: Record<string, string> },
    signal: AbortSignal,
  ): Promise<unknown> {
    for (;;) {
      const url = await this.#house.roles.producer.said(/"intake":"([^"]+)"/, signal);
      const answer = await fetch(`${url}/${path}`, {
        method: "POST",
        ...(body !== undefined && { body }),
        headers: { ...headers, authorization: `Bearer ${this.#house.apiKey}` },
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      }).then(
        async (response) => ({ status: response.status, text: await response.text() }),
        () => null,
      );
      if (answer !== null && answer.status < 300) return JSON.parse(answer.text) as unknown;
      const isDisabled = answer?.status === 409 && answer.text.includes("disabled");
      if (answer !== null && answer.status < 500 && answer.status !== 429 && !isDisabled) {
        throw new Error(`The intake answered ${path} with ${answer.status}: ${answer.text}`);
      }
      await delay(AGAIN_MS, undefined, { signal });
    }
  }
}
