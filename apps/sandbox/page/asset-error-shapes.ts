/** The guesses at what `assetsError` looks like; Qualys does not say. */
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
