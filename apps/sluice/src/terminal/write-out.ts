import { once } from "node:events";

/** Writes to stdout, no faster than it is read. Returns whether anybody still reads. */
export async function writeOut(text: string): Promise<boolean> {
  if (!process.stdout.write(text))
    await Promise.race([once(process.stdout, "drain"), once(process.stdout, "close")]);
  return !process.stdout.destroyed;
}
