/** Where two values differ, and how. */
export interface Difference {
  path: string;
  wanted: unknown;
  found: unknown;
}

/**
 * Where a value is not what was wanted: of objects what is named has to be so, lists have to be whole, and `null` is wanted
 * where nothing, or null, is to be.
 */
export function differences(wanted: unknown, found: unknown, path = ""): Difference[] {
  if (wanted === null)
    return found === null || found === undefined ? [] : [{ path, wanted, found }];
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found) || found.length !== wanted.length) return [{ path, wanted, found }];
    return wanted.flatMap((one, index) => differences(one, found[index], `${path}[${index}]`));
  }
  if (typeof wanted === "object") {
    if (typeof found !== "object" || found === null) return [{ path, wanted, found }];
    return Object.entries(wanted).flatMap(([name, one]) =>
      differences(one, (found as Record<string, unknown>)[name], path ? `${path}.${name}` : name),
    );
  }
  return wanted === found ? [] : [{ path, wanted, found }];
}
