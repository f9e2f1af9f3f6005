import type { Transform } from "@sluice/inventory";
import { openSources, type SourceFile, type SourceFormat } from "@sluice/sources";
import type { ConnectorSettings } from "../config/account-settings.ts";
import { CommandError } from "../exit-codes.ts";

/** What a user says of how the sources are to be read. */
export interface Reading {
  format?: SourceFormat;
  at?: string;
  encoding?: string;
}

/** Opens the files that were named, or else those that the connector names. */
export async function readable(
  named: readonly string[],
  options: Reading,
  { connector, transform }: { connector: ConnectorSettings; transform: Transform },
  signal: AbortSignal,
): Promise<readonly SourceFile[]> {
  const patterns = named.length > 0 ? named : connector.files;
  if (patterns.length === 0) {
    throw new CommandError(
      "Cannot begin without a source: name one or more files, - for stdin, or files of the connector in sluice.yaml",
    );
  }
  const isRecord = (text: string) => hasKey(text, transform);
  const reading = readingOf({ ...connector, ...options });
  return await openSources(patterns, { ...reading, isRecord, signal });
}

/** Whether a record would not be dead for want of a key, as an object around the records is. */
async function hasKey(text: string, transform: Transform): Promise<boolean> {
  const transformed = await transform(text);
  return transformed.kind === "asset" || transformed.reason !== "no-key";
}

export function readingOf({ format, at, encoding }: Reading): Reading {
  return { ...(format && { format }), ...(at && { at }), ...(encoding && { encoding }) };
}
