import { loadChunk, readRun, recountPending, type Account } from "@sluice/queue";
import { describe, expect, it } from "vitest";
import { CONNECTOR, openIntake } from "./support/intake.ts";

const NDJSON = { "content-type": "application/x-ndjson" };

/** All records that wait, by their chunks, in order. */
async function chunksOf(account: Account): Promise<string[][]> {
  const sequences = await account.client.zrange(account.key("chunks"), "0", "-1");
  const chunks = await Promise.all(sequences.map((one) => loadChunk(account, Number(one))));
  return chunks.map((chunk) => chunk?.records.map(({ text }) => text) ?? []);
}

describe("POST /v1/connectors/{name}/assets", () => {
  it("takes one asset, an array, and NDJSON, and answers 202 once they are in the books", async () => {
    await using intake = await openIntake();
    const one = await intake.post('{"id":"a"}');
    expect(one).toMatchObject({ status: 202, body: { records: 1 } });
    const run = String(one.body["run"]);
    const array = await intake.post('[{"id":"b"},\n {"id":"c"}]');
    expect(array).toMatchObject({ status: 202, body: { run, records: 2 } });
    const lines = await intake.post('{"id":"d"}\n\n{"id":"e"}\n', { headers: NDJSON });
    expect(lines).toMatchObject({ status: 202, body: { run, records: 2 } });
    expect((await chunksOf(intake.account)).flat()).toEqual([
      '{"id":"a"}',
      '{"id":"b"}',
      '{"id":"c"}',
      '{"id":"d"}',
      '{"id":"e"}',
    ]);
    const books = { read: 5, pending: 5, connector: CONNECTOR, lane: "live", state: "open" };
    expect(await readRun(intake.account, run)).toMatchObject(books);
    expect(await recountPending(intake.account, run)).toBe(5);
    expect(intake.troubles).toEqual([]);
  });
});
