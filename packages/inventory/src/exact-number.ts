/** Whether a number still has the digits that its source wrote: large integers lose them in parsing. */
export function isExact(value: number): boolean {
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));
}
