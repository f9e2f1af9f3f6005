import { once } from "node:events";
import { sampleLines, type SampleOptions } from "@sluice/sources";
import { EXIT } from "../exit-codes.ts";

const LINES_AT_ONCE = 500;

/** `sluice sample`: a made-up inventory as NDJSON on stdout; the same seed makes the same one. */
export async function sample(options: SampleOptions, signal: AbortSignal): Promise<number> {
  let text = "";
  let lines = 0;
  for (const line of sampleLines(options)) {
    text += `${line}\n`;
    lines += 1;
    if (lines % LINES_AT_ONCE > 0) continue;
    if (!process.stdout.write(text))
      await Promise.race([once(process.stdout, "drain"), once(process.stdout, "close")]);
    text = "";
    if (signal.aborted || process.stdout.destroyed) return EXIT.stopped;
  }
  process.stdout.write(text);
  return EXIT.done;
}
