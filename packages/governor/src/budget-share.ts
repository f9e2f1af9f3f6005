/**
 * How much of the budget calls took while there was work: a call can only come a window after the one that made room for it,
 * `limit` calls before; 1 is each as soon as it could. Null when there were too few calls to tell.
 */
export function budgetShare(
  arrivalsMs: readonly number[],
  { limit, windowMs }: { limit: number; windowMs: number },
): number | null {
  const waited = arrivalsMs.slice(limit);
  const madeRoom = arrivalsMs.slice(0, waited.length);
  if (waited.length === 0) return null;
  return (windowMs * waited.length) / (sum(waited) - sum(madeRoom));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
