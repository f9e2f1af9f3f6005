import { strict as assert } from "node:assert";
import type { SettledAsset } from "@sluice/inventory";
import type { Account } from "./account.ts";

/** How an asset stands with what was sent before. `dead`: Qualys refused exactly these bytes. */
interface Standing {
  fate: "new" | "changed" | "unchanged" | "dead";
  /** Where an older version of it is now, if it is on its way. */
  onItsWay: "waiting" | "in-flight" | null;
}

const ENTRY_BYTES = 24;
const FATES = { n: "new", c: "changed", u: "unchanged", d: "dead" } as const;
const WAYS = { w: "waiting", f: "in-flight", "-": null } as const;

/** Compares assets with the ledger, the refusals and what is on its way, in one round trip. Writes nothing. */
export async function compareAssets(
  account: Account,
  connector: string,
  assets: readonly Pick<SettledAsset, "id" | "fingerprint">[],
): Promise<Standing[]> {
  const entries = Buffer.concat(assets.flatMap(({ id, fingerprint }) => [id, fingerprint]));
  assert(entries.length === assets.length * ENTRY_BYTES);
  const [letters] = await account.run("compare", connector, entries);
  return assets.map((_, index) => {
    const [fate, way] = String(letters).slice(index * 2, index * 2 + 2);
    return { fate: FATES[fate as keyof typeof FATES], onItsWay: WAYS[way as keyof typeof WAYS] };
  });
}

/** The bytes that a call of the connector may have, as far as Qualys has taught it; null where it has not. */
export async function learnedBytesMax(account: Account, connector: string): Promise<number | null> {
  const bytesMax = await account.client.hget(account.key(`connector:${connector}`), "bytesMax");
  return bytesMax === null ? null : Number(bytesMax);
}
