import { pickWeighted, randomBelow, seededRandom } from "./random.ts";
import type { Random } from "./random.ts";
import { samplePlatforms } from "./sample-platforms.ts";
import type { SampleFinding, SamplePlatform, SampleProgram } from "./sample-platforms.ts";

/**
 * How much the assets differ from one another. In chunks of 250 under zstd level 1 an asset of
 * `low-entropy` takes about 490 B raw and 45 B compressed, one of `high-entropy` 740 B and 155 B.
 */
export type SampleProfile = "low-entropy" | "high-entropy";

export interface SampleOptions {
  /** How many, at most 16,646,144: 10.0.0.0/8 has no more addresses for hosts. */
  assets: number;
  /**
   * A whole number. The same seed gives the same inventory, a longer one begins with the shorter one.
   * Ids go from `asset-0000001` on with every seed: another seed changes the assets that have them.
   */
  seed: number;
  profile: SampleProfile;
}

const HOSTS_OF_SUBNET = 254;
const ASSETS_MAX = 256 * 256 * HOSTS_OF_SUBNET;
const SITES = ["ber", "fra", "nyc", "sin", "lon", "sao"];
const NEWEST_SEEN_MS = Date.UTC(2026, 0, 31, 6);
const SEVERITIES = [1, 2, 3, 4, 5] as const;
const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const MINUTE_MS = 60_000;

/**
 * A made-up inventory of raw assets, in field names that need no mapping. Every asset has an `id` of
 * its own; addresses, MACs and serials are unique where they are there. Some assets lack a host name,
 * some an address, some have no findings, as in real inventories.
 *
 * @throws RangeError if the number of assets or the seed is out of range
 */
export function* sampleInventory(options: SampleOptions): Generator<Record<string, unknown>> {
  const { assets, seed, profile } = options;
  if (!Number.isSafeInteger(assets) || assets < 0 || assets > ASSETS_MAX) {
    throw new RangeError(
      `Cannot make ${assets} assets: give a whole number from 0 to ${ASSETS_MAX}`,
    );
  }
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot use the seed ${seed}: give a whole number`);
  }
  const random = seededRandom(seed);
  const makeAsset = profile === "low-entropy" ? uniformAsset : diverseAsset;
  for (let index = 0; index < assets; index += 1) yield makeAsset(random, index);
}

/** The same inventory as JSON texts, one an asset, without line ends. */
export function* sampleLines(options: SampleOptions): Generator<string> {
  for (const asset of sampleInventory(options)) yield JSON.stringify(asset);
}

/** One of many that were set up alike and are counted one after another. */
function uniformAsset(random: Random, index: number): Record<string, unknown> {
  const platform = pickWeighted(random, samplePlatforms);
  return {
    ...identity(random, platform, index, index),
    last_seen: new Date(NEWEST_SEEN_MS - randomBelow(random, 24 * 60) * MINUTE_MS).toISOString(),
    software: platform.programs.filter(() => random() < 0.7),
    vulnerabilities: platform.findings.filter(() => random() < 0.4),
  };
}

/** One that has a history of its own: its numbers, versions and findings are hardly another's. */
function diverseAsset(random: Random, index: number): Record<string, unknown> {
  const platform = pickWeighted(random, samplePlatforms);
  return {
    ...identity(random, platform, index, scatter(index)),
    uuid: randomUuid(random),
    agent_id: randomUuid(random),
    last_seen: new Date(
      NEWEST_SEEN_MS - randomBelow(random, 30 * 24 * 60 * MINUTE_MS),
    ).toISOString(),
    software: platform.programs
      .filter(() => random() < 0.6)
      .map((program) => release(random, program)),
    vulnerabilities: [
      ...platform.findings.filter(() => random() < 0.1),
      ...Array.from({ length: randomBelow(random, 9) }, () => rareFinding(random)),
    ],
  };
}

/** What tells an asset from all others, from a number below `ASSETS_MAX` that no other one has. */
function identity(
  random: Random,
  platform: SamplePlatform,
  index: number,
  number: number,
): Record<string, unknown> {
  const place = SITES[randomBelow(random, SITES.length)] ?? SITES[0];
  return {
    id: `asset-${String(index + 1).padStart(7, "0")}`,
    ...(random() < 0.98 && {
      hostname: `${platform.prefix}-${place}-${number + 1}.corp.example.com`,
    }),
    ...(random() < 0.97 && { ip: address(number) }),
    mac: `${platform.vendorPrefix}:${hexBytes(scatter(index))}`,
    os: platform.os,
    serial: `${platform.serialPrefix}${String(scatter(index)).padStart(8, "0")}`,
    memory_mb: platform.memoryMb,
  };
}

/** The host of this number in 10.0.0.0/8, without the first and the last address of each /24. */
function address(number: number): string {
  const subnet = Math.floor(number / HOSTS_OF_SUBNET);
  return `10.${subnet >> 8}.${subnet & 255}.${(number % HOSTS_OF_SUBNET) + 1}`;
}

/** Three bytes as the second half of a MAC address. */
function hexBytes(number: number): string {
  const digits = number.toString(16).toUpperCase().padStart(6, "0");
  return `${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`;
}

/** Another number below `ASSETS_MAX` for each: one-to-one, as the factor has no divisor in common with it. */
function scatter(number: number): number {
  return (number * 10_368_889) % ASSETS_MAX;
}

function release(random: Random, program: SampleProgram): SampleProgram {
  return { name: program.name, version: `${program.version}+${randomHex(random)}` };
}

/** A finding that few assets share. Its CVE id has the right form; it need not have been assigned. */
function rareFinding(random: Random): SampleFinding {
  const year = 2012 + randomBelow(random, 14);
  const number = 1000 + randomBelow(random, 49_000);
  const severity = SEVERITIES[randomBelow(random, SEVERITIES.length)] ?? 3;
  const cve = `CVE-${year}-${number}`;
  if (random() < 0.5) return { cve, severity };
  return { cve, severity, port: 1 + randomBelow(random, 49_151), protocol: "TCP" };
}

/** Version 4 by its form, though it comes from the seed. */
function randomUuid(random: Random): string {
  const [a, b, c, d] = [randomHex(random), randomHex(random), randomHex(random), randomHex(random)];
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
}

/** Eight digits. */
function randomHex(random: Random): string {
  const digits = (half: number): string =>
    `${HEX_BYTES[half >>> 8] ?? ""}${HEX_BYTES[half & 255] ?? ""}`;
  const bits = randomBelow(random, 2 ** 32);
  return digits(bits >>> 16) + digits(bits & 0xffff);
}
