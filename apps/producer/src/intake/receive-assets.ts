import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Lane } from "@sluice/queue";
import { readNdjson, type SourceRecord } from "@sluice/sources";
import { OpenChunk } from "../open-chunk.ts";
import { Lease, type Allowance } from "./allowance.ts";
import { notGenuine } from "./authenticate.ts";
import { readBody } from "./body-bytes.ts";
import { BodyMeter, RECORD_BYTES } from "./body-meter.ts";
import { claimOf, type Idempotency } from "./idempotency.ts";
import type { IntakeRuns } from "./intake-runs.ts";
import { readJsonBody, RECORD_BYTES_MAX } from "./json-records.ts";
import { busy, Problem } from "./problem.ts";
import type { RunWriter, Written } from "./run-writer.ts";

/** A request with assets, as far as its head tells. */
export interface AssetsRequest {
  /** Names the request in dead letters. */
  id: string;
  raw: IncomingMessage;
  format: "json" | "ndjson";
  isCompressed: boolean;
  /** As sent, and again as unpacked. */
  bodyBytesMax: number;
  connector: string;
  lane: Lane;
  /** The run that the client named. */
  runName: string | null;
  idempotency: Idempotency | null;
  /** What the body has to pass before anything of it is used; it is held in memory for that. */
  isBodyGenuine: ((body: Buffer) => boolean) | null;
}

/** What receiving needs. */
export interface Receiving {
  runs: IntakeRuns;
  /** For the bytes of bodies. */
  allowance: Allowance;
  /** For requests: each is in hand until Redis has all of it, even if its client has gone. */
  turns: Allowance;
  /** When to come back while too much waits in the connector's account, in seconds. */
  retryAfterSec: (connector: string) => Promise<number>;
}

export interface Accepted {
  run: string;
  records: number;
}

/** How long Redis may take to store a chunk. */
const STORE_MS_MAX = 10_000;
/** How often a request may meet the run of an hour that was sealed meanwhile. */
const HOURS_SKIPPED_MAX = 3;

/**
 * Brings the assets of a request into Redis, and resolves when all of them are there. NDJSON goes on as it arrives, a
 * chunk at a time; JSON once the whole of it is known to be right. Throws a `Problem` for a request that can't be taken.
 */
export async function receiveAssets(
  receiving: Receiving,
  request: AssetsRequest,
): Promise<Accepted> {
  const { allowance, turns } = receiving;
  using turn = new Lease(turns);
  if (!turn.take(1)) throw busy("Too many requests are in hand already; send it again later");
  using lease = new Lease(allowance);
  const { raw, isCompressed, bodyBytesMax: bytesMax, isBodyGenuine, format } = request;
  const meter = new BodyMeter(bytesMax, lease);
  const arriving = readBody(raw, { isCompressed, bytesMax, meter });
  const bytes = isBodyGenuine === null ? arriving : genuine(arriving, isBodyGenuine);
  const delivery = new Delivery(receiving, request, lease, turn);
  try {
    if (format === "json") {
      for (const record of await readJsonBody(bytes, meter)) await delivery.add(record);
    } else {
      for await (const slice of readNdjson(bytes, RECORD_BYTES_MAX)) {
        meter.addRecords(slice.length);
        for (const record of slice) await delivery.add(record);
      }
    }
    return await delivery.end();
  } catch (error) {
    throw error instanceof Problem ? withTaken(error, delivery) : error;
  }
}

/** Of a body that is taken chunk by chunk, what came before the problem stays taken. */
function withTaken(problem: Problem, { taken }: Delivery): Problem {
  if (taken === null) return problem;
  const { status, message, headers, errors, cause } = problem;
  const detail = `${message}. The first ${taken.records} records are in run ${taken.run}`;
  return new Problem(status, detail, { headers, errors, cause });
}

async function* genuine(
  chunks: AsyncIterable<Buffer>,
  isGenuine: (body: Buffer) => boolean,
): AsyncGenerator<Buffer> {
  const body = await buffer(chunks);
  if (!isGenuine(body)) throw notGenuine();
  yield body;
}

/** The records of one request on their way into a run. */
class Delivery {
  readonly #receiving: Receiving;
  readonly #request: AssetsRequest;
  readonly #lease: Lease;
  readonly #turn: Lease;
  readonly #chunk: OpenChunk;
  #ordinal = 0;
  #records = 0;
  #taken: Accepted | null = null;

  constructor(receiving: Receiving, request: AssetsRequest, lease: Lease, turn: Lease) {
    this.#receiving = receiving;
    this.#request = request;
    this.#lease = lease;
    this.#turn = turn;
    this.#chunk = new OpenChunk(`request ${request.id}`);
  }

  /** What is in Redis so far. */
  get taken(): Accepted | null {
    return this.#taken;
  }

  async add(record: SourceRecord): Promise<void> {
    if (this.#chunk.isFull) {
      this.#taken = { run: await this.#write(false), records: this.#records };
    }
    this.#chunk.add(record);
    this.#records += 1;
  }

  /** Writes the last part, and tells where all of it is. */
  async end(): Promise<Accepted> {
    return { run: await this.#write(true), records: this.#records };
  }

  /** Returns the run that has the part. */
  async #write(isLast: boolean): Promise<string> {
    this.#ordinal += 1;
    const { idempotency, connector, lane, runName: name } = this.#request;
    const { runs, retryAfterSec } = this.#receiving;
    const { chars } = this.#chunk;
    const records = this.#chunk.take();
    const bytes = isLast ? Infinity : chars + records.length * RECORD_BYTES;
    const part = { records, ordinal: this.#ordinal, isLast };
    const claim = idempotency === null ? null : claimOf(idempotency, part);
    for (let skipped = 0; skipped <= HOURS_SKIPPED_MAX; skipped += 1) {
      const { run, writer } = runs.writerOf({ connector, lane, name });
      const writing =
        records.length === 0 ? openEmpty(run, writer) : writer.write({ records, claim });
      this.#lease.handOver(bytes, writing);
      if (isLast) this.#turn.handOver(1, writing);
      const written = await withinTime(writing);
      if (written.kind === "written") return written.run;
      if (written.kind === "full") throw tooMuchWaits(await retryAfterSec(connector));
      if (written.kind !== "closed" || name !== null) throw refusalOf(written, run);
      runs.skipHour(run);
    }
    throw busy("The run of this hour is sealed; check the clocks of the intake's machines");
  }
}

/** A request may have no records; its run is there all the same. */
async function openEmpty(run: string, writer: RunWriter): Promise<Written> {
  const kind = await writer.open();
  return kind === "open" ? { kind: "written", run } : { kind };
}

/** What is not stored in time may be stored later: its outcome is unknown to the client. */
async function withinTime<T>(writing: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(busy("Redis does not answer; send the request again, with the same Idempotency-Key"));
  }, STORE_MS_MAX);
  try {
    return await Promise.race([writing, late]);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw busy("Redis cannot store it now; send the request again a little later", 1, cause);
  } finally {
    clearTimeout(timer);
  }
}

function tooMuchWaits(retryAfterSec: number): Problem {
  return busy("Too much waits to be delivered; send the request again later", retryAfterSec);
}

function refusalOf({ kind }: Exclude<Written, { kind: "written" | "full" }>, run: string): Problem {
  switch (kind) {
    case "other-content":
      return new Problem(
        422,
        "The Idempotency-Key was used for another request; use a new one for new content",
      );
    case "disabled":
      return new Problem(
        409,
        "The connector is disabled; have it enabled, then send the request again",
      );
    case "closed":
      return new Problem(
        409,
        `Run "${run}" takes nothing more: it is sealed, or was begun for another UUID of the connector; name another run`,
      );
  }
}
