const marker = Buffer.from('"sourceNativeKey"');

/** How many assets an import body has, by how often it names the source native key; the body is not parsed. */
export function countAssets(body: Buffer): number {
  let count = 0;
  for (let at = body.indexOf(marker); at !== -1; at = body.indexOf(marker, at + marker.length)) {
    count += 1;
  }
  return count;
}
