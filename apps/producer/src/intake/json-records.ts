import { decode, readJson, SourceError, type SourceRecord } from "@sluice/sources";
import type { BodyMeter } from "./body-meter.ts";
import { Problem } from "./problem.ts";

/** The bytes one asset may have; a longer one is refused as JSON, and a dead letter as a line of NDJSON. */
export const RECORD_BYTES_MAX = 1024 * 1024;

const SOURCE = "request body";

/**
 * The assets of a JSON body: one object, or an array of objects. The body as a whole is right or nothing of it is taken: throws
 * a `Problem` with status 400 that names the element.
 */
export async function readJsonBody(
  chunks: AsyncIterable<Buffer>,
  meter: BodyMeter,
): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  let first = "";
  async function* watched(): AsyncGenerator<Buffer> {
    // Some clients send what a text file begins with: a byte order mark.
    for await (const chunk of decode(SOURCE, chunks, "utf-8")) {
      first ||= chunk.toString("latin1").trimStart().charAt(0);
      yield chunk;
    }
  }
  const place = () => (first === "[" ? `/${records.length}` : "");
  try {
    for await (const slice of readJson(watched(), SOURCE, RECORD_BYTES_MAX)) {
      meter.addRecords(slice.length);
      for (const record of slice) {
        const complaint = complaintAbout(record);
        if (complaint !== null) throw refusal(place(), complaint);
        records.push(record);
      }
    }
  } catch (error) {
    if (error instanceof SourceError) throw refusal(place(), error.problem);
    throw error;
  }
  if (first === "") throw refusal("", "The body is empty; send an asset or an array of assets");
  if (first !== "[" && records.length !== 1) {
    const message = "Several values follow one another; send an array, or application/x-ndjson";
    throw refusal("", message);
  }
  return records;
}

function complaintAbout(record: SourceRecord): string | null {
  if (record.kind === "malformed") return record.message;
  return record.text.startsWith("{") ? null : "It is not an object; an asset is a JSON object";
}

function refusal(path: string, message: string): Problem {
  const where = path === "" ? "The body" : `Element ${path}`;
  return new Problem(400, `${where} cannot be taken: ${message}`, { errors: [{ path, message }] });
}
