/** A visit of a screen: where the address leads, and how long it lasts. */
interface Visit {
  /** The parts of the address behind the screen's name, decoded. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Aborted when the visitor leaves the screen. */
  readonly signal: AbortSignal;
}

/** Makes the elements of a screen. Throws when they cannot be had. */
export type Screen = (visit: Visit) => Promise<Node>;

/** The address of a screen. */
export function address(path: readonly (string | number)[], query?: URLSearchParams): string {
  const place = path.map((part) => encodeURIComponent(part)).join("/");
  const search = query?.toString() ?? "";
  return `#/${place}${search === "" ? "" : `?${search}`}`;
}

/** What the address bar asks for: the screen's name, and the visit without its end. */
export function readAddress(hash: string): {
  name: string;
  path: string[];
  query: URLSearchParams;
} {
  const [place = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [name = "", ...path] = place.split("/").map(decodePart);
  return { name, path, query: new URLSearchParams(search) };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
