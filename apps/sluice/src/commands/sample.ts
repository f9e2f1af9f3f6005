import { sampleLines, type SampleOptions } from "@sluice/sources";
import { EXIT } from "../exit-codes.ts";
import { writeOut } from "../terminal/write-out.ts";

const LINES_AT_ONCE = 500;

/** `sluice sample`: a made-up inventory as NDJSON on stdout; the same seed makes the same one. */
export async function sample(options: SampleOptions, signal: AbortSignal): Promise<number> {
  let text = "";
  let lines = 0;
  for (const line of sampleLines(options)) {
    text += `${line}\n`;
    lines += 1;
    if (lines % LINES_AT_ONCE > 0) continue;
    const isRead = await writeOut(text);
    text = "";
    if (signal.aborted || !isRead) return EXIT.stopped;
  }
  process.stdout.write(text);
  return EXIT.done;
}
