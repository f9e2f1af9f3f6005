import { readFile, rename, writeFile } from "node:fs/promises";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { json } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { createApiKey, type IntakeConnector } from "@sluice/producer";
import {
  beginHold,
  booksObject,
  disableConnector,
  enableConnector,
  listRuns,
  loadChunk,
  openRun,
  readRun,
  type Account,
} from "@sluice/queue";
import { Secret } from "@sluice/service";
import { describe, expect, it } from "vitest";
import {
  CONNECTOR,
  countBooks,
  eventually,
  NOON_MS,
  openIntake,
  type Answer,
  type TestIntake,
} from "./support/intake.ts";
import { startOwnRedis } from "./support/own-redis.ts";

const NDJSON = { "content-type": "application/x-ndjson" };
const GZIP = { "content-encoding": "gzip" };
const HOUR_MS = 3_600_000;

/** The chunks that wait, in order: the texts of their records. */
async function chunksOf(account: Account): Promise<string[][]> {
  const sequences = await account.client.zrange(account.key("chunks"), "0", "-1");
  const chunks = await Promise.all(sequences.map((one) => loadChunk(account, Number(one))));
  return chunks.map((chunk) => chunk?.records.map(({ text }) => text) ?? []);
}

async function recordsOf(account: Account): Promise<string[]> {
  return (await chunksOf(account)).flat();
}

function assets(count: number, padding = ""): { id: string; padding: string }[] {
  return Array.from({ length: count }, (_, index) => ({ id: `host-${index}`, padding }));
}

function linesOf(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

function expectProblem(answer: Answer, status: number, detail: RegExp): void {
  expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  expect(answer).toMatchObject({
    status,
    body: {
      type: "about:blank",
      title: expect.any(String),
      status,
      detail: expect.stringMatching(detail),
    },
  });
}

describe("POST /v1/connectors/{name}/assets", () => {
  it("takes one asset, an array and NDJSON, and answers 202 when they are in Redis and in the books", async () => {
    await using intake = await openIntake();
    const one = await intake.post('{"id":"a"}');
    expect(one).toMatchObject({ status: 202, body: { records: 1 } });
    const run = String(one.body["run"]);
    const array = await intake.post('[{"id":"b"},\n {"id":"c"}]');
    expect(array).toMatchObject({ status: 202, body: { run, records: 2 } });
    const lines = await intake.post('{"id":"d"}\n\n{"id":"e"}', { headers: NDJSON });
    expect(lines).toMatchObject({ status: 202, body: { run, records: 2 } });
    expect(await recordsOf(intake.account)).toEqual(
      ["a", "b", "c", "d", "e"].map((id) => JSON.stringify({ id })),
    );
    const books = { read: 5, pending: 5, connector: CONNECTOR, lane: "live", state: "open" };
    expect(await readRun(intake.account, run)).toMatchObject(books);
    expect(await countBooks(intake.account)).toBe(5);
    expect(intake.troubles).toEqual([]);
  });

  it("takes both formats gzipped", async () => {
    await using intake = await openIntake();
    const json = await intake.post(gzipSync(JSON.stringify(assets(3))), { headers: GZIP });
    expect(json).toMatchObject({ status: 202, body: { records: 3 } });
    const lines = gzipSync(linesOf(assets(600)));
    const ndjson = await intake.post(lines, { headers: { ...GZIP, ...NDJSON } });
    expect(ndjson).toMatchObject({ status: 202, body: { records: 600 } });
    expect(await countBooks(intake.account)).toBe(603);
  });

  it("takes both formats behind a byte order mark, with which many a text file begins", async () => {
    await using intake = await openIntake();
    const json = await intake.post(`\uFEFF${JSON.stringify(assets(2))}`);
    expect(json).toMatchObject({ status: 202, body: { records: 2 } });
    const ndjson = await intake.post(`\uFEFF${linesOf(assets(2))}`, { headers: NDJSON });
    expect(ndjson).toMatchObject({ status: 202, body: { records: 2 } });
    expect(await recordsOf(intake.account)).toEqual(
      [...assets(2), ...assets(2)].map((record) => JSON.stringify(record)),
    );
  });

  it("stores NDJSON while it arrives, in chunks", async () => {
    await using intake = await openIntake();
    const { promise: isStored, resolve } = Promise.withResolvers<void>();
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(linesOf(assets(251)));
      await isStored;
      yield Buffer.from(linesOf(assets(1)));
    }
    const answering = fetch(`${intake.url}/v1/connectors/default/assets`, {
      method: "POST",
      body: body() as unknown as ReadableStream,
      duplex: "half",
      headers: { authorization: `Bearer ${intake.key}`, ...NDJSON },
    });
    await eventually(async () => expect(await countBooks(intake.account)).toBe(250));
    resolve();
    const answer = await answering;
    expect([answer.status, await answer.json()]).toMatchObject([202, { records: 252 }]);
    expect((await chunksOf(intake.account)).map(({ length }) => length)).toEqual([250, 2]);
  });

  it("gives requests that come together one chunk and one job", async () => {
    await using intake = await openIntake({ lingerMs: 100 });
    const posts = assets(50).map((asset) => intake.post(JSON.stringify(asset)));
    const answers = await Promise.all(posts);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(await chunksOf(intake.account)).toHaveLength(1);
    await eventually(async () =>
      expect((await intake.queues.counts())["intake-live"]?.waiting).toBe(1),
    );
    expect(await countBooks(intake.account)).toBe(50);
  });

  it("keeps a line that is no JSON for the worker, which makes a dead letter of it that names the request", async () => {
    await using intake = await openIntake();
    const answer = await intake.post('{"id":"a"}\n{"id":\n', { headers: NDJSON });
    expect(answer).toMatchObject({ status: 202, body: { records: 2 } });
    const chunk = await loadChunk(intake.account, 1);
    const source = `request ${answer.headers.get("x-request-id")}`;
    expect(chunk?.records).toEqual([
      { text: '{"id":"a"}', line: 1, source },
      { text: '{"id":', line: 2, source },
    ]);
  });

  it("puts what is backfill into that lane and its own run", async () => {
    await using intake = await openIntake({ nowMs: () => NOON_MS });
    const live = await intake.post('{"id":"a"}');
    const backfill = await intake.post('{"id":"a"}', { query: "lane=backfill" });
    expect(live.body["run"]).toBe("intake-default-live-20261122T12");
    expect(backfill.body["run"]).toBe("intake-default-backfill-20261122T12");
    expect(await readRun(intake.account, String(backfill.body["run"]))).toMatchObject({
      lane: "backfill",
    });
  });

  it("takes an empty array as a request without records", async () => {
    await using intake = await openIntake();
    const answer = await intake.post("[]");
    expect(answer).toMatchObject({ status: 202, body: { records: 0 } });
    expect(await intake.get(`/v1/runs/${String(answer.body["run"])}`)).toMatchObject({
      status: 200,
    });
  });
});

describe("a request that cannot be taken", () => {
  it.for([
    ["", "", /empty/],
    ["42", "", /cannot be taken/],
    ["nonsense", "", /cannot be taken/],
    ['{"id":"a"', "", /cannot be taken/],
    ['{"id":"a"}{"id":"b"}', "", /x-ndjson/],
    ['[{"id":"a"},{"id":"b"},{"id":"c"},7]', "/3", /not an object/],
    ['[{"id":"a"},[{"id":"b"}]]', "/1", /not an object/],
    ['[{"id":"a"},{"id":}]', "/1", /^Element \/1 cannot be taken: the JSON is broken/],
    ['[{"id":"a"},', "/1", /ends before the array/],
    [Buffer.from([0x5b, 0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x5d]), "/0", /UTF-8/],
    [`[{"id":"${"x".repeat(1_100_000)}"}]`, "/0", /longer than/],
  ] as const)("is 400 with the path: %s", async ([body, path, detail]) => {
    await using intake = await openIntake();
    const answer = await intake.post(body);
    expectProblem(answer, 400, detail);
    expect(answer.body["errors"]).toEqual([{ path, message: expect.any(String) }]);
    expect(await countBooks(intake.account)).toBe(0);
  });

  it("is 400 where the query is not known, and names the parameter", async () => {
    await using intake = await openIntake();
    const wrong = await intake.post("{}", { query: "lane=fast&run=a%20b" });
    expectProblem(wrong, 400, /query/);
    expect(wrong.body["errors"]).toMatchObject([{ path: "lane" }, { path: "run" }]);
    expectProblem(await intake.post("{}", { query: "lan=live" }), 400, /lan/);
  });

  it("is 401 without a key, and with a wrong one; X-API-Key will do as well", async () => {
    await using intake = await openIntake();
    const missing = await intake.post("{}", { headers: { authorization: "" } });
    expectProblem(missing, 401, /sluice key/);
    expect(missing.headers.get("www-authenticate")).toMatch(/^Bearer/);
    const { key } = createApiKey("other");
    for (const authorization of [`Bearer ${key}`, `Bearer ${intake.key}x`, `Basic ${intake.key}`]) {
      expectProblem(await intake.post("{}", { headers: { authorization } }), 401, /key/);
    }
    const header = { authorization: "", "x-api-key": intake.key };
    expect(await intake.post("{}", { headers: header })).toMatchObject({ status: 202 });
  });

  it("is 404 for a connector that is not there, and for a path that is not", async () => {
    await using intake = await openIntake();
    const path = "/v1/connectors/other/assets";
    expectProblem(await intake.post("{}", { path }), 404, /there is: default/);
    expectProblem(await intake.post("{}", { path: "/v2" }), 404, /openapi/);
    expectProblem(await intake.get("/v1/runs/none"), 404, /no run "none"/);
  });

  it("is 405 with another method, and says which one is right", async () => {
    await using intake = await openIntake();
    const answer = await intake.get("/v1/connectors/default/assets");
    expectProblem(answer, 405, /Only POST/);
    expect(answer.headers.get("allow")).toBe("POST");
    expectProblem(await intake.post("{}", { path: "/livez" }), 405, /Only GET and HEAD/);
  });

  it("is 413 above the size, as it is sent and as it is unpacked, and says what of a stream was taken before", async () => {
    await using intake = await openIntake({ bodyBytesMax: 1_000_000 });
    expectProblem(await intake.post(linesOf(assets(1, "x".repeat(1_000_001)))), 413, /1000000/);
    const bomb = gzipSync(Buffer.alloc(50_000_000, "{}\n"));
    expect(bomb.length).toBeLessThan(1_000_000);
    const unpacked = await intake.post(bomb, { headers: { ...GZIP, ...NDJSON } });
    expectProblem(unpacked, 413, /unpacked.* The first \d+ records are in run intake-default-live/);
    const taken = Number(/first (\d+)/.exec(String(unpacked.body["detail"]))?.[1]);
    expect(await countBooks(intake.account)).toBe(taken);
    expectProblem(await intake.post(bomb, { headers: GZIP }), 413, /unpacked; send it in parts$/);
    expect((await intake.post("{}")).status).toBe(202);
  });

  it("is 413 with so many records that they would fill the memory, however short they are", async () => {
    await using intake = await openIntake({ bodyBytesMax: 100_000 });
    const array = JSON.stringify(Array.from({ length: 1_000 }, () => ({})));
    expect(array.length).toBeLessThan(10_000);
    expectProblem(await intake.post(array), 413, /100 for each record/);
    const lines = { headers: NDJSON };
    expectProblem(await intake.post("{}\n".repeat(1_000), lines), 413, /100 for each record/);
    expect((await intake.post("{}\n".repeat(900), lines)).status).toBe(202);
  });

  it("is 415 in another format or encoding", async () => {
    await using intake = await openIntake();
    const text = { headers: { "content-type": "text/csv" } };
    expectProblem(await intake.post("id\na", text), 415, /application\/x-ndjson/);
    const brotli = { headers: { "content-encoding": "br" } };
    expectProblem(await intake.post("{}", brotli), 415, /gzip/);
  });

  it("is 400 where it is not the gzip that it says, or cut off", async () => {
    await using intake = await openIntake();
    expectProblem(await intake.post("{}", { headers: GZIP }), 400, /not gzip/);
    const whole = gzipSync(JSON.stringify(assets(50)));
    const half = whole.subarray(0, whole.length / 2);
    expectProblem(await intake.post(half, { headers: GZIP }), 400, /not gzip/);
    expect(await countBooks(intake.account)).toBe(0);
  });

  it("is 429 with Retry-After beyond the rate of its key, whatever other keys do", async () => {
    await using intake = await openIntake({ callsPerSecMax: 3 });
    const other = createApiKey("other");
    await writeFile(intake.keysFile, `${await readFile(intake.keysFile, "utf8")}${other.line}\n`);
    const headers = { authorization: `Bearer ${other.key}` };
    await eventually(async () => {
      expect((await intake.post("{}", { headers })).status).not.toBe(401);
    });
    const limited = await eventually(async () => {
      const answers = await Promise.all(assets(12).map(() => intake.post("{}")));
      const found = answers.find(({ status }) => status === 429);
      expect(found).toBeDefined();
      expect(answers.filter(({ status }) => status === 202).length).toBeGreaterThan(0);
      return found as Answer;
    });
    expectProblem(limited, 429, /More than 3/);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("is 503 with Retry-After while Redis holds as much as it may", async () => {
    await using intake = await openIntake({ queueBytesMax: 1 });
    expect((await intake.post("{}")).status).toBe(202);
    const answer = await intake.post("{}");
    expectProblem(answer, 503, /waits to be delivered/);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await countBooks(intake.account)).toBe(1);
  });

  it("is 503 until there is room again, by the forecast, and for five minutes at the most", async () => {
    await using intake = await openIntake({ queueBytesMax: 1 });
    expect((await intake.post("{}")).status).toBe(202);
    const retryAfter = async () => {
      const answer = await intake.post("{}");
      expect(answer.status).toBe(503);
      return Number(answer.headers.get("retry-after"));
    };
    const hold = { scope: "account", reason: "rate-limit", message: "" } as const;
    await beginHold(intake.account, { ...hold, durationMs: 600_000 });
    // A sixth of what waits has to go.
    const inTime = await eventually(async () => {
      const sec = await retryAfter();
      expect(sec).toBeGreaterThan(5);
      return sec;
    });
    expect(inTime).toBeLessThanOrEqual(101);
    await beginHold(intake.account, { ...hold, durationMs: 36_000_000 });
    await eventually(async () => expect(await retryAfter()).toBe(300));
  });

  it("is 503 while other bodies take all the memory there is for them", async () => {
    await using intake = await openIntake({ bodyBytesMax: 100_000 });
    const { hostname, port } = new URL(intake.url);
    const body = `[{"id":"${"x".repeat(90_000)}"}`;
    const sockets = [1, 2].map(() => {
      const socket = connect(Number(port), hostname);
      socket.write(
        `POST /v1/connectors/default/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${intake.key}\r\n` +
          `Content-Type: application/json\r\nContent-Length: 99000\r\n\r\n${body}`,
      );
      return socket;
    });
    const answer = await eventually(async () => {
      const last = await intake.post(`[{"id":"${"x".repeat(30_000)}"}]`);
      expect(last.status).toBe(503);
      return last;
    });
    expectProblem(answer, 503, /in hand/);
    for (const socket of sockets) socket.destroy();
    await eventually(async () => {
      expect((await intake.post(`[{"id":"${"x".repeat(30_000)}"}]`)).status).toBe(202);
    });
  });

  it("tells nothing of what failed within", async () => {
    await using intake = await openIntake();
    await intake.account.client.set(intake.account.key("run:intake-default-live.a"), "no hash");
    const answer = await intake.post("{}", { query: "run=a" });
    expectProblem(answer, 503, /Redis cannot store it/);
    expect(JSON.stringify(answer.body)).not.toMatch(/WRONGTYPE|\.ts|\.lua/);
    expect(intake.troubles.join()).toMatch(/WRONGTYPE/);
  });
});

describe("an Idempotency-Key", () => {
  const keyed = (key: string) => ({ headers: { "idempotency-key": key } });

  it("lets a repeated request count once, and gives it the same answer", async () => {
    await using intake = await openIntake();
    const first = await intake.post('[{"id":"a"},{"id":"b"}]', keyed('"8e03978e"'));
    const again = await intake.post('[{"id":"a"},{"id":"b"}]', keyed("8e03978e"));
    expect(again).toMatchObject({ status: 202, body: first.body });
    expect(await countBooks(intake.account)).toBe(2);
  });

  it("gives the same answer in the next hour, and when the run is sealed", async () => {
    let nowMs = NOON_MS;
    await using intake = await openIntake({ nowMs: () => nowMs });
    const first = await intake.post("{}", keyed("k"));
    const named = await intake.post("{}", { ...keyed("n"), query: "run=nightly" });
    const seal = `/v1/runs/${String(named.body["run"])}/seal`;
    expect((await intake.post("", { path: seal })).status).toBe(200);
    nowMs += HOUR_MS;
    expect((await intake.post("{}", keyed("k"))).body).toEqual(first.body);
    const again = await intake.post("{}", { ...keyed("n"), query: "run=nightly" });
    expect(again).toMatchObject({ status: 202, body: named.body });
    expect(await countBooks(intake.account)).toBe(2);
  });

  it("gives the same answer while the connector is disabled, which takes and begins nothing", async () => {
    let nowMs = NOON_MS;
    await using intake = await openIntake({ nowMs: () => nowMs });
    const first = await intake.post("{}", keyed("k"));
    await disableConnector(intake.account, CONNECTOR, { reason: "disabled", message: "" });
    expectProblem(await intake.post("{}"), 409, /disabled/);
    nowMs += HOUR_MS;
    expectProblem(await intake.post("{}"), 409, /disabled/);
    expectProblem(await intake.post("[]", { query: "run=nightly" }), 409, /disabled/);
    expect((await intake.post("{}", keyed("k"))).body).toEqual(first.body);
    expect((await listRuns(intake.account)).map(({ id }) => id)).toEqual([first.body["run"]]);
    await enableConnector(intake.account, intake.queues, CONNECTOR, "disabled");
    expect((await intake.post("{}")).status).toBe(202);
  });

  it("is 422 with other content, lane or run", async () => {
    await using intake = await openIntake();
    await intake.post('{"id":"a"}', keyed("k"));
    expectProblem(await intake.post('{"id":"b"}', keyed("k")), 422, /another request/);
    const other = { ...keyed("k"), query: "lane=backfill" };
    expectProblem(await intake.post('{"id":"a"}', other), 422, /another request/);
    expect(await countBooks(intake.account)).toBe(1);
  });

  it("counts once when many requests with it come at once, to two intakes", async () => {
    await using intake = await openIntake({ lingerMs: 20 });
    await using second = await intake.another();
    const posts = assets(40).map((_, index) => {
      const to = index % 2 === 0 ? intake : second;
      return to.post('{"id":"a"}', {
        headers: { ...keyed("k").headers, "x-api-key": intake.key, authorization: "" },
      });
    });
    const answers = await Promise.all(posts);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(await countBooks(intake.account)).toBe(1);
  });

  it("does not keep other requests from the chunk it would have shared", async () => {
    await using intake = await openIntake({ lingerMs: 50 });
    await intake.post('{"id":"a"}', keyed("k"));
    const posts = [intake.post('{"id":"a"}', keyed("k")), intake.post('{"id":"b"}', keyed("l"))];
    posts.push(intake.post('{"id":"c"}'), intake.post('{"id":"x"}', keyed("k")));
    const statuses = (await Promise.all(posts)).map(({ status }) => status);
    expect(statuses).toEqual([202, 202, 202, 422]);
    expect(await countBooks(intake.account)).toBe(3);
  });

  it("holds for each chunk of a large body, so that a second attempt goes on where the first one ended", async () => {
    await using intake = await openIntake();
    const records = assets(1_100);
    const halfway = linesOf(records.slice(0, 700));
    const { hostname, port } = new URL(intake.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /v1/connectors/default/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${intake.key}\r\n` +
        `Content-Type: application/x-ndjson\r\nIdempotency-Key: k\r\nContent-Length: 999999\r\n\r\n${halfway}`,
    );
    await eventually(async () => expect(await countBooks(intake.account)).toBe(500));
    socket.destroy();
    const headers = { ...keyed("k").headers, ...NDJSON };
    const again = await intake.post(linesOf(records), { headers });
    expect(again).toMatchObject({ status: 202, body: { records: 1_100 } });
    expect(await countBooks(intake.account)).toBe(1_100);
    expect(await recordsOf(intake.account)).toEqual(
      records.map((record) => JSON.stringify(record)),
    );
    expectProblem(await intake.post(linesOf(records.slice(0, 250)), { headers }), 422, /another/);
    expectProblem(await intake.post(linesOf([...records, {}]), { headers }), 422, /another/);
  });

  it("means another request with another API key", async () => {
    await using intake = await openIntake();
    const other = createApiKey("other");
    await writeFile(intake.keysFile, `${await readFile(intake.keysFile, "utf8")}${other.line}\n`);
    await intake.post('{"id":"a"}', keyed("k"));
    const headers = { ...keyed("k").headers, authorization: `Bearer ${other.key}` };
    await eventually(async () => {
      expect((await intake.post('{"id":"b"}', { headers })).status).toBe(202);
    });
    expect(await countBooks(intake.account)).toBe(2);
  });

  it("is 400 when it is no text, or too long", async () => {
    await using intake = await openIntake();
    for (const key of ["", '""', "a b", "x".repeat(300)]) {
      expectProblem(await intake.post("{}", keyed(key)), 400, /Idempotency-Key/);
    }
  });
});

describe("an intake whose Redis does not answer", () => {
  it("is 503 and not ready, and what is sent again with the same key counts once when Redis is back", async () => {
    await using stack = new AsyncDisposableStack();
    const redis = await startOwnRedis();
    stack.use(redis);
    const intake = stack.use(await openIntake({ redisUrl: redis.url }));
    const once = { headers: { "idempotency-key": "k" } };
    expect((await intake.post('{"id":"a"}')).status).toBe(202);
    redis.pause();
    const [answer, ready] = await Promise.all([
      intake.post('{"id":"b"}', once),
      intake.get("/readyz"),
    ]);
    expectProblem(answer, 503, /does not answer/);
    expectProblem(ready, 503, /does not answer/);
    redis.goOn();
    expect((await intake.post('{"id":"b"}', once)).status).toBe(202);
    expect((await intake.get("/readyz")).status).toBe(200);
    expect(await countBooks(intake.account)).toBe(2);
  });

  it("holds no more requests than it has turns for, though their clients have gone", async () => {
    await using stack = new AsyncDisposableStack();
    const redis = await startOwnRedis();
    stack.use(redis);
    const intake = stack.use(await openIntake({ redisUrl: redis.url, requestsMax: 2 }));
    redis.pause();
    const { hostname, port } = new URL(intake.url);
    for (const id of ["a", "b"]) {
      const socket = connect(Number(port), hostname);
      const body = `{"id":"${id}"}`;
      socket.end(
        `POST /v1/connectors/default/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${intake.key}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      stack.defer(() => void socket.destroy());
    }
    await eventually(async () => {
      const answer = await intake.post("{}", { query: "run=other" });
      expectProblem(answer, 503, /Too many requests are in hand/);
    });
    redis.goOn();
    await eventually(async () => expect((await intake.post("{}")).status).toBe(202));
    expect(await countBooks(intake.account)).toBe(3);
  });

  it("opens the run again when Redis has lost it", async () => {
    await using intake = await openIntake();
    await intake.post("{}");
    const keys = await intake.account.client.keys(`${intake.account.base}*`);
    await intake.account.client.unlink(...keys);
    expect(await intake.post("{}")).toMatchObject({ status: 202 });
    expect(await countBooks(intake.account)).toBe(1);
  });
});

describe("runs", () => {
  it("are one a connector, lane and hour, however many requests and intakes there are", async () => {
    let nowMs = NOON_MS;
    await using intake = await openIntake({ nowMs: () => nowMs });
    await using second = await intake.another();
    const send = async (one: TestIntake) =>
      await one.post("{}", { headers: { authorization: `Bearer ${intake.key}` } });
    await Promise.all(assets(20).flatMap(() => [send(intake), send(second)]));
    nowMs += HOUR_MS;
    await send(intake);
    const runs = (await listRuns(intake.account)).map(({ id, read }) => [id, read]);
    expect(new Map(runs as [string, number][])).toEqual(
      new Map([
        ["intake-default-live-20261122T12", 40],
        ["intake-default-live-20261122T13", 1],
      ]),
    );
  });

  it("of past hours are sealed by any intake, those of a killed one too", async () => {
    await using first = await openIntake({ nowMs: () => NOON_MS });
    const { account } = first;
    await first.post("{}");
    const description = { sources: [] };
    const left = "intake-default-backfill-20261122T10";
    await openRun(account, { id: left, connector: CONNECTOR, lane: "backfill", description });
    const mine = await openRun(account, { connector: CONNECTOR, lane: "live", description });
    await using _ = await openIntake({ name: account.name, nowMs: () => NOON_MS });
    await eventually(async () =>
      expect(await readRun(account, left)).toMatchObject({ state: "done" }),
    );
    expect(await readRun(account, mine)).toMatchObject({ state: "open" });
    const now = "intake-default-live-20261122T12";
    expect(await readRun(account, now)).toMatchObject({ state: "open" });
    await using __ = await openIntake({ name: account.name, nowMs: () => NOON_MS + HOUR_MS });
    await eventually(async () =>
      expect(await readRun(account, now)).toMatchObject({ state: "sealed" }),
    );
    const late = await first.post("{}");
    expect(late).toMatchObject({ status: 202, body: { run: "intake-default-live-20261122T13" } });
  });

  it("may be named by the client, who seals them", async () => {
    await using intake = await openIntake();
    const first = await intake.post('{"id":"a"}', { query: "run=nightly" });
    const second = await intake.post('{"id":"b"}', { query: "run=nightly" });
    const run = String(first.body["run"]);
    expect(second.body).toEqual({ run, records: 1 });
    const sealed = await intake.post("", { path: `/v1/runs/${run}/seal` });
    expect(sealed).toMatchObject({ status: 200, body: { run, read: 2, pending: 2 } });
    expect(await readRun(intake.account, run)).toMatchObject({ state: "sealed" });
    expectProblem(await intake.post("{}", { query: "run=nightly" }), 409, /sealed/);
    const hourly = String((await intake.post("{}")).body["run"]);
    expectProblem(await intake.post("", { path: `/v1/runs/${hourly}/seal` }), 409, /by itself/);
    expectProblem(await intake.post("", { path: "/v1/runs/none/seal" }), 404, /no run/);
  });

  it("are never another connector's: one whose UUID has changed goes on in the next hour's run", async () => {
    const connectors = new Map<string, IntakeConnector>();
    await using intake = await openIntake({ connectors });
    const { account, queues } = intake;
    connectors.set("default", { uuid: CONNECTOR, account, queues });
    await intake.post('{"id":"a"}');
    await intake.post('{"id":"b"}', { query: "run=nightly" });
    const uuid = CONNECTOR.replace("d", "e");
    connectors.set("default", { uuid, account, queues });
    for (const body of ['{"id":"a"}', "[]"]) {
      const run = "intake-default-live-20261122T13";
      expect(await intake.post(body)).toMatchObject({ status: 202, body: { run } });
      const refused = await intake.post(body, { query: "run=nightly" });
      expectProblem(refused, 409, /begun for another UUID/);
    }
    const runs = (await listRuns(account)).map(({ id, connector, read }) => [id, connector, read]);
    expect(new Set(runs)).toEqual(
      new Set([
        ["intake-default-live-20261122T12", CONNECTOR, 1],
        ["intake-default-live.nightly", CONNECTOR, 1],
        ["intake-default-live-20261122T13", uuid, 1],
      ]),
    );
  });

  it("have their books at GET /v1/runs/{id}", async () => {
    await using intake = await openIntake();
    const run = String((await intake.post("[{},{}]")).body["run"]);
    const { status, body } = await intake.get(`/v1/runs/${run}`);
    const read = await readRun(intake.account, run);
    if (read === null) throw new Error("no run");
    expect(status).toBe(200);
    expect(body).toEqual({ ...booksObject(read, 0), elapsedMs: expect.any(Number) });
    expect(body).toMatchObject({ read: 2, pending: 2 });
  });
});

describe("API keys", () => {
  it("may change while the intake runs", async () => {
    await using intake = await openIntake();
    const next = createApiKey("next");
    await writeFile(`${intake.keysFile}.next`, `# the only one\n${next.line}\n`);
    await rename(`${intake.keysFile}.next`, intake.keysFile);
    await eventually(async () => expect((await intake.post("{}")).status).toBe(401));
    const headers = { authorization: `Bearer ${next.key}` };
    expect((await intake.post("{}", { headers })).status).toBe(202);
  });

  it("stay as they were while their file cannot be understood, which is reported", async () => {
    await using intake = await openIntake();
    await writeFile(intake.keysFile, "nonsense\n");
    await eventually(() => expect(intake.troubles.join()).toMatch(/line 1 of/));
    expect((await intake.post("{}")).status).toBe(202);
  });

  it("are needed: without a key or a secret the intake does not start", async () => {
    await expect(openIntake({ keysFile: null })).rejects.toThrow(/sluice key NAME/);
    await expect(openIntake({ keysFile: "/nowhere/keys" })).rejects.toThrow(/ENOENT/);
  });
});

describe("a Standard Webhooks signature", () => {
  const secrets = [1, 2].map((byte) => `whsec_${Buffer.alloc(24, byte).toString("base64")}`);
  const settings = { webhookSecrets: secrets.map((text) => new Secret(text)) };

  function signed(body: string, secret = secrets[1] ?? "", at = new Date(), id = "msg_1") {
    const timestamp = Math.floor(at.getTime() / 1_000);
    const bytes = Buffer.from(secret.replace("whsec_", ""), "base64");
    const mac = createHmac("sha256", bytes).update(`${id}.${timestamp}.${body}`).digest("base64");
    const headers = {
      authorization: "",
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": `v1,${mac}`,
    };
    return { headers };
  }

  it("will do instead of a key, with any of the secrets, and its id lets the message count once", async () => {
    await using intake = await openIntake({ ...settings, keysFile: null });
    const body = '{"id":"é"}';
    expect((await intake.post(body, signed(body))).status).toBe(202);
    expect((await intake.post(body, signed(body))).status).toBe(202);
    const other = signed(body, secrets[0], new Date(), "msg_2");
    expect((await intake.post(body, other)).status).toBe(202);
    const lines = signed("{}\n{}", secrets[0], new Date(), "msg_3").headers;
    expect((await intake.post("{}\n{}", { headers: { ...lines, ...NDJSON } })).status).toBe(202);
    expect(await countBooks(intake.account)).toBe(4);
  });

  it("is 401 for another body, secret, id, or an old one, and nothing of the body is used", async () => {
    await using intake = await openIntake({ ...settings, keysFile: null });
    const old = new Date(Date.now() - 600_000);
    const foreign = `whsec_${Buffer.alloc(24, 3).toString("base64")}`;
    expectProblem(await intake.post("{} ", signed("{}")), 401, /check secret and clock/);
    expectProblem(await intake.post("{}", signed("{}", foreign)), 401, /check secret and clock/);
    expectProblem(
      await intake.post("{}", signed("{}", secrets[0], old)),
      401,
      /check secret and clock/,
    );
    const renamed = { ...signed("{}").headers, "webhook-id": "msg_2" };
    expectProblem(await intake.post("{}", { headers: renamed }), 401, /check secret and clock/);
    expect(await countBooks(intake.account)).toBe(0);
  });

  it("is 413 above 1 MiB, whose check would take too long", async () => {
    await using intake = await openIntake({ ...settings, keysFile: null });
    const body = linesOf(assets(1, "x".repeat(1_048_576)));
    expectProblem(await intake.post(body, signed(body)), 413, /1048576/);
  });

  it("is for sending only, and not for compressed bodies", async () => {
    await using intake = await openIntake({ ...settings, keysFile: null });
    const { headers } = signed("{}");
    expectProblem(await intake.post("{}", { headers, path: "/v1/runs/a/seal" }), 401, /key/);
    const body = gzipSync("{}");
    expectProblem(await intake.post(body, { headers: { ...headers, ...GZIP } }), 415, /signed/);
  });

  it("keeps the intake from starting with a secret that is none, without showing it", async () => {
    const broken = openIntake({ webhookSecrets: [new Secret("whsec_§§§")] });
    await expect(broken).rejects.toThrow(/webhook secret 1: it is not base64/);
  });
});

describe("what needs no key", () => {
  const bare = async (url: string) =>
    await fetch(url).then(async (r) => [r.status, await r.json()]);

  it("is whether the process lives, and whether Redis answers", async () => {
    await using intake = await openIntake();
    expect(await bare(`${intake.url}/livez`)).toEqual([200, { status: "ok" }]);
    expect(await bare(`${intake.url}/readyz`)).toEqual([200, { status: "ok" }]);
  });

  it("is the description by OpenAPI 3.1, made from the schemas by which requests are checked", async () => {
    await using intake = await openIntake();
    const [status, description] = await bare(`${intake.url}/openapi.json`);
    expect(status).toBe(200);
    expect(description).toMatchObject({ openapi: "3.1.0" });
    const { paths } = description as { paths: Record<string, Record<string, object>> };
    expect(Object.keys(paths).sort()).toEqual([
      "/livez",
      "/readyz",
      "/v1/connectors/{name}/assets",
      "/v1/runs/{id}",
      "/v1/runs/{id}/seal",
    ]);
    const send = paths["/v1/connectors/{name}/assets"]?.["post"];
    expect(send).toMatchObject({
      parameters: expect.arrayContaining([
        expect.objectContaining({
          in: "query",
          name: "lane",
          schema: expect.objectContaining({ enum: ["live", "backfill"], default: "live" }),
        }),
      ]),
      requestBody: {
        content: {
          "application/json": expect.anything(),
          "application/x-ndjson": expect.anything(),
        },
      },
    });
    expect(Object.keys((send as { responses: object }).responses)).toEqual([
      "202",
      "400",
      "401",
      "404",
      "409",
      "413",
      "415",
      "422",
      "429",
      "503",
    ]);
  });
});

describe("an intake that stops", () => {
  it("answers what is in hand, and takes no new connection", async () => {
    const intake = await openIntake();
    const { key, url } = intake;
    const headers = { authorization: `Bearer ${key}`, expect: "100-continue", ...NDJSON };
    const call = request(`${url}/v1/connectors/default/assets`, { method: "POST", headers });
    call.flushHeaders();
    await once(call, "continue");
    const stopping = intake[Symbol.asyncDispose]();
    await eventually(async () => await expect(fetch(`${url}/livez`)).rejects.toThrow());
    call.end("{}");
    const [answer] = (await once(call, "response")) as [IncomingMessage];
    expect([answer.statusCode, await json(answer)]).toMatchObject([202, { records: 1 }]);
    await stopping;
  });

  it("ends once a refused body has run past, which its client may send to the end", async () => {
    const intake = await openIntake();
    const { hostname, port } = new URL(intake.url);
    const socket = connect(Number(port), hostname);
    const bytes = 5_000_000;
    socket.write(
      `POST /v1/connectors/default/assets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${intake.key}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`,
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1.1 413 /);
    const closing = intake[Symbol.asyncDispose]();
    socket.resume().write(Buffer.alloc(bytes));
    await closing;
    // Not as late as those are cut off that do not end.
  }, 10_000);
});
