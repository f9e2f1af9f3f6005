import { gzipSync, zstdCompressSync } from "node:zlib";
import { listRuns } from "@sluice/queue";
import { describe, expect, it } from "vitest";
import { hostLines, openPlace } from "./support/sluice.ts";

const HOSTS = hostLines(300)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as object);
const ANSWER = JSON.stringify({ total: 300, data: { hosts: HOSTS } }, null, 2);

describe("sluice push", () => {
  it("delivers compressed, printed and Excel-flavoured files in one run", async () => {
    await using place = await openPlace();
    await place.write("a.ndjson.gz", gzipSync(hostLines(30)));
    await place.write(
      "b.json.zst",
      zstdCompressSync('[{"hostname":"json-1"},{"hostname":"json-2"}]'),
    );
    const sheet = '\uFEFFsep=;\r\nhostname;os\r\n"csv;1";Debian\r\ncsv-2;"Größe ""L"""\r\n';
    await place.write("c.csv", Buffer.from(sheet, "utf16le"));
    const ended = await place.run(["push", "*.*", "--json"]);
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ read: 34, delivered: 34, dead: 0 });
    const keys = [...place.sandbox.assets.keys()].map((key) => key.split("/")[1]);
    expect(keys).toEqual(expect.arrayContaining(["json-2", "csv;1", "csv-2", "host-30"]));
  });

  it("suggests the path of records inside a document, and delivers them with it", async () => {
    await using place = await openPlace();
    await place.write("answer.json", ANSWER);
    const refused = await place.run(["push", "answer.json"]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toBe(
      'sluice: Cannot read "answer.json": it is one object with the records inside; name where they are (--at data.hosts)\n',
    );
    const wrong = await place.run(["push", "answer.json", "--at", "data.assets"]);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain('there is no "assets" in "data"; there are "hosts"');
    expect(await listRuns(place.account)).toEqual([]);
    expect(place.sandbox.calls).toEqual([]);
    const dry = await place.run([
      "push",
      "answer.json",
      "--at",
      "data.hosts",
      "--dry-run",
      "--json",
    ]);
    expect(JSON.parse(dry.stdout)).toMatchObject({ read: 300, new: 300, calls: 30 });
    const ended = await place.run(["push", "answer.json", "--at", "data.hosts", "--json"]);
    expect(JSON.parse(ended.stdout)).toMatchObject({ read: 300, delivered: 300 });
  });

  it("remembers path and encoding of a run that it continues", async () => {
    await using place = await openPlace();
    const umlauts = ANSWER.replaceAll("Debian", "Debiän");
    await place.write("answer.json.gz", gzipSync(Buffer.from(umlauts, "latin1")));
    const reading = ["--at", "data.hosts", "--encoding", "windows-1252"];
    const args = ["enqueue", "answer.json.gz", ...reading, "--json"];
    // Behind the high-water mark the producer waits until it is stopped.
    const env = { ...place.env, SLUICE_QUEUE_BYTES_MAX: "1" };
    const enqueueing = place.start(args, { env });
    await expect
      .poll(async () => (await listRuns(place.account))[0]?.read, { timeout: 30_000 })
      .toBe(250);
    enqueueing.signal("SIGINT");
    const stopped = await enqueueing.ended;
    expect(stopped.exitCode, stopped.stderr).toBe(4);
    const { run } = JSON.parse(stopped.stdout) as { run: string };
    const resumed = await place.run(["push", "--resume", run, "--json"]);
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ run, read: 300, delivered: 300, dead: 0 });
    const [asset] = place.sandbox.assets.values();
    expect(JSON.stringify(asset)).toContain("Debiän 12");
  });

  it("delivers what an archive gives before it is cut off, and says what is wrong", async () => {
    await using place = await openPlace();
    const lines = Array.from(
      { length: 2_000 },
      (_, index) => `{"id":"host-${(index * 7_919) % 10_007}"}\n`,
    );
    await place.write("cut.ndjson.gz", gzipSync(lines.join("")).subarray(0, -50));
    const ended = await place.run(["push", "cut.ndjson.gz"]);
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toContain('Cannot read "cut.ndjson.gz": the gzip data ends in the middle');
    const [run] = await listRuns(place.account);
    expect(run).toMatchObject({ state: "aborted" });
    expect(run?.read).toBeGreaterThan(1_500);
  });

  it.for([
    [
      "a workbook",
      "PK\u0003\u0004..........................[Content_Types].xml",
      "save the sheet as CSV",
    ],
    ["a zip archive", "PK\u0003\u0004..........................hosts.csv", "extract it (unzip)"],
    ["XML", "<hosts/>", "export the inventory"],
  ])(
    "refuses %s before anything is begun, with the remedy",
    async ([, content = "", remedy = ""]) => {
      await using place = await openPlace();
      const ended = await place.run(["push", "-"], { input: content });
      expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
      expect(ended.stderr).toContain(remedy);
      expect(await listRuns(place.account)).toEqual([]);
    },
  );
});
