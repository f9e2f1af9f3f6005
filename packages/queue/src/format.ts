/**
 * The format of the bodies that this version writes: chunks, segments and batches, each with this as its first byte. Older
 * ones are read; a newer one is left alone for a newer process, and everything else goes on.
 */
export const FORMAT_VERSION = 1;

/** A value was written by a newer version of Sluice: whoever meets it leaves it alone. */
export class NewerFormatError extends Error {
  override readonly name = "NewerFormatError";
  readonly format: number;
  readonly known: number = FORMAT_VERSION;

  constructor(format: number) {
    super(
      `Cannot read a value of format ${format}: this version knows ${FORMAT_VERSION}; upgrade this process`,
    );
    this.format = format;
  }
}
