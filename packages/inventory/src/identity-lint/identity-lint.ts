import type { Transformed } from "../transform.ts";
import { hashedText } from "./compact-table.ts";
import { claimOf, identityOf, nameOf, type Identity } from "./identity.ts";
import { LINT_RULES, type LintCode, type LintRule } from "./lint-rules.ts";
import { isPlaceholderSerial, isPlaceholderUuid } from "./placeholder.ts";
import { SharedValues } from "./shared-values.ts";
import { unroutableRange } from "./suspicious-address.ts";
import { macTrouble } from "./suspicious-mac.ts";
import { isDefaultName, isNameOfAddress } from "./suspicious-name.ts";
import { Tally, type Example, type Place } from "./tally.ts";

/** What one rule found in an inventory. */
export interface LintFinding extends Omit<LintRule, "severity"> {
  code: LintCode;
  /** The rule's severity; `note` where none of it is sent, so that nothing follows unless that changes. */
  level: LintRule["severity"] | "note";
  /** One with several shared values counts for each of them. */
  records: number;
  /** Values that several assets have; null for rules that look at one asset at a time. */
  values: number | null;
  /** False: there were too many different values to look at all of them, so there may be more. */
  isExact: boolean;
  examples: readonly Example[];
}

type SharedCode = Extract<LintCode, `shared-${string}`>;

/** Of a claim as a number, the highest two bits are its kind. */
const KIND_SHIFT = 30;
const KINDS = ["h", "s", "u"];

/**
 * Looks for what keeps the platform from telling assets apart, or from knowing one again, over a whole inventory. In memory it
 * takes at most 25 MB for each of the seven attributes that assets can share, whatever the inventory's size.
 */
export class IdentityLint {
  readonly #tallies = new Map<LintCode, Tally>();
  readonly #shared: Readonly<Record<SharedCode, SharedValues>> = {
    "shared-key": new SharedValues(isOtherMachine),
    "shared-uuid": new SharedValues(),
    "shared-serial": new SharedValues(),
    "shared-mac": new SharedValues(),
    "shared-host-and-address": new SharedValues(),
    "shared-host-name": new SharedValues(),
    "shared-address": new SharedValues(),
  };
  readonly #sent = new Set<LintCode>();

  /** Looks at one asset, with the place of its record. */
  look(transformed: Transformed & { kind: "asset" }, place: Place): void {
    const { key, id } = transformed;
    const identity = identityOf(transformed);
    this.#judge(key, identity, place);
    this.#compare(key, id.readUInt32BE(0), identity, place);
  }

  /** What was found, the gravest first. */
  findings(): LintFinding[] {
    return (Object.keys(LINT_RULES) as LintCode[]).flatMap((code) => {
      const found = this.#found(code);
      const { severity, ...rule } = LINT_RULES[code];
      const level = this.#sent.has(code) ? severity : "note";
      return found.records === 0 ? [] : { code, level, ...rule, ...found };
    });
  }

  #found(code: LintCode): Pick<LintFinding, "records" | "values" | "isExact" | "examples"> {
    if (isShared(code)) return this.#shared[code].found();
    const tally = this.#tallies.get(code);
    const examples = tally?.examples() ?? [];
    return { records: tally?.records ?? 0, values: null, isExact: true, examples };
  }

  /** What one asset shows by itself. */
  #judge(key: string, identity: Identity, place: Place): void {
    const { hostname, addresses, macs, areMacsSent, serial, isSerialSent, uuid } = identity;
    const note = (code: LintCode, value: string, isSent = true) =>
      this.#note(code, value, isSent, place);
    if (isNobodysKey(key)) note("placeholder-key", key);
    if (identity.isKeyOnly) note("key-only", key);
    if (uuid && isPlaceholderUuid(uuid)) note("null-uuid", uuid);
    if (serial && isPlaceholderSerial(serial)) note("placeholder-serial", serial, isSerialSent);
    if (hostname && isDefaultName(hostname)) note("default-host-name", hostname);
    if (hostname && isNameOfAddress(hostname)) note("address-host-name", hostname);
    for (const { code, what } of unique(macs.map(macTrouble))) note(code, what, areMacsSent);
    for (const range of unique(addresses.map(unroutableRange))) note("unroutable-address", range);
    for (const { code, value } of identity.leftOut) this.#noteLeftOut(code, value, place);
  }

  /** The mapping has kept the worst from being sent; the source has it all the same. */
  #noteLeftOut(code: string, value: string, place: Place): void {
    const range = code === "address-dropped" ? unroutableRange(value) : null;
    if (range !== null) this.#note("unroutable-address", range, false, place);
    const trouble = code === "mac-dropped" ? macTrouble(value) : null;
    if (trouble?.code === "null-mac") this.#note("null-mac", trouble.what, false, place);
    if (code === "uuid-dropped" && isPlaceholderUuid(value)) {
      this.#note("null-uuid", value, false, place);
    }
  }

  /** What one asset has, held against all others'. A value that stands for nothing is found without that. */
  #compare(key: string, owner: number, identity: Identity, place: Place): void {
    const { hostname, addresses, macs, areMacsSent, serial, isSerialSent, uuid } = identity;
    const add = (code: SharedCode, value: string, isSent = true) => {
      if (isSent) this.#sent.add(code);
      this.#shared[code].add(value, owner, place);
    };
    const claim = claimOf(identity);
    if (claim !== undefined) {
      this.#sent.add("shared-key");
      this.#shared["shared-key"].add(key, claimNumber(claim), place);
    }
    if (uuid && !isPlaceholderUuid(uuid)) add("shared-uuid", uuid);
    if (serial && !isPlaceholderSerial(serial)) {
      add("shared-serial", serial.trim().toLowerCase(), isSerialSent);
    }
    for (const mac of macs) {
      if (macTrouble(mac)?.code !== "null-mac") add("shared-mac", mac, areMacsSent);
    }
    for (const address of addresses) if (!unroutableRange(address)) add("shared-address", address);
    if (!hostname || isDefaultName(hostname)) return;
    const name = nameOf(hostname);
    add("shared-host-name", name);
    for (const address of addresses) add("shared-host-and-address", `${name} at ${address}`);
  }

  #note(code: LintCode, value: string, isSent: boolean, place: Place): void {
    if (isSent) this.#sent.add(code);
    const tally = this.#tallies.get(code) ?? new Tally();
    this.#tallies.set(code, tally);
    tally.add(value, place);
  }
}

function isShared(code: LintCode): code is SharedCode {
  return code.startsWith("shared-");
}

/** Numbers are usual keys, 1111 and 0 among them. */
function isNobodysKey(key: string): boolean {
  if (/^(?:0|[1-9]\d*)$/.test(key)) return false;
  const isAddress = unroutableRange(key) !== null;
  return isAddress || isPlaceholderSerial(key) || isPlaceholderUuid(key) || isDefaultName(key);
}

/** Two records are about different machines where they say the same kind of thing, and say it differently. */
function isOtherMachine(claim: number, another: number): boolean {
  return claim !== another && claim >>> KIND_SHIFT === another >>> KIND_SHIFT;
}

function claimNumber(claim: string): number {
  const [, low] = hashedText(claim);
  const kind = KINDS.indexOf(claim.charAt(0));
  return ((kind << KIND_SHIFT) | (low >>> 2)) >>> 0;
}

/** Each trouble of one asset once. */
function unique<T>(troubles: readonly (T | null)[]): T[] {
  const known = new Map(troubles.map((trouble) => [JSON.stringify(trouble), trouble]));
  return [...known.values()].filter((trouble) => trouble !== null);
}
