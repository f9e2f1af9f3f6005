/** What public clients guess that `assetsError` looks like; Qualys does not say. The page and the server go by this list. */
export const assetErrorShapes = [
  "map",
  "map-of-objects",
  "index",
  "failed",
  "errors",
  "host-name",
  "text",
  "multi-status",
] as const;
