/** `error`: records are lost, whatever rules the platform matches by. `warning`: strangers may become one asset, or one host several. */
type LintSeverity = "error" | "warning";

export type LintCode =
  | "shared-key"
  | "placeholder-key"
  | "key-only"
  | "shared-uuid"
  | "null-uuid"
  | "shared-serial"
  | "placeholder-serial"
  | "shared-mac"
  | "null-mac"
  | "virtual-mac"
  | "random-mac"
  | "shared-host-and-address"
  | "shared-host-name"
  | "default-host-name"
  | "address-host-name"
  | "shared-address"
  | "unroutable-address";

/** What a rule of the lint is about, and what follows. */
export interface LintRule {
  severity: LintSeverity;
  /** One sentence for whoever reads the finding. */
  problem: string;
  /** The identity attributes of the import API that the platform matches by. */
  attributes: readonly string[];
  /** What the platform's matching does with such assets: its identification rules, as the documentation tells of them. */
  consequence: string;
  /** What of that depends on the case, or is not documented; empty where nothing is. */
  uncertain: string;
}

/** Matching that was learned drops unreliable values first, says the page on asset identification by machine learning. */
const LEFT_OUT = "Where matching was machine-learned, the value is left out before it begins";
const TWICE = "Right if it is one machine under several keys, wrong if they are strangers";

/** The rules, the gravest first. */
export const LINT_RULES: Readonly<Record<LintCode, LintRule>> = {
  "shared-key": {
    severity: "error",
    problem: "different hosts have the same key",
    attributes: ["sourceNativeKey"],
    consequence:
      "The native key is matched before everything else, so they are one asset: a later record takes the place of an earlier one, which may never be sent. Choose other key fields",
    uncertain: "",
  },
  "placeholder-key": {
    severity: "warning",
    problem: "the key stands for nothing",
    attributes: ["sourceNativeKey"],
    consequence:
      "Every host without a real key gets this one, and all of them become one asset. Choose other key fields",
    uncertain: "",
  },
  "shared-uuid": {
    severity: "warning",
    problem: "different assets have the same hardware UUID",
    attributes: ["hardwareUuid"],
    consequence: "A rule on the hardware UUID merges them into one asset",
    uncertain: TWICE,
  },
  "null-uuid": {
    severity: "warning",
    problem: "the hardware UUID is one that many boards have",
    attributes: ["hardwareUuid"],
    consequence: "A rule on the hardware UUID merges strangers into one asset",
    uncertain: "Whether machine-learned matching leaves such UUIDs out",
  },
  "shared-serial": {
    severity: "warning",
    problem: "different assets have the same serial number",
    attributes: ["serialNumber"],
    consequence: "A rule on the serial number merges them into one asset",
    uncertain: TWICE,
  },
  "placeholder-serial": {
    severity: "warning",
    problem: "the serial number stands for none",
    attributes: ["serialNumber"],
    consequence: `A rule on the serial number merges strangers into one asset. ${LEFT_OUT}`,
    uncertain: "",
  },
  "shared-mac": {
    severity: "warning",
    problem: "different assets have the same MAC address",
    attributes: ["macAddress"],
    consequence: "A rule on the MAC address merges them into one asset",
    uncertain: TWICE,
  },
  "null-mac": {
    severity: "warning",
    problem: "the MAC address is no interface's own",
    attributes: ["macAddress"],
    consequence: "A rule on the MAC address merges strangers into one asset",
    uncertain: "Whether machine-learned matching leaves such addresses out",
  },
  "virtual-mac": {
    severity: "warning",
    problem: "the MAC address is a virtual interface's",
    attributes: ["macAddress"],
    consequence: `Clones and containers have the same ones, and a rule on the MAC address merges them into one asset. ${LEFT_OUT}: give such hosts another attribute to match by`,
    uncertain: "Which makers' addresses count as virtual",
  },
  "random-mac": {
    severity: "warning",
    problem: "the MAC address is locally administered, as random ones are",
    attributes: ["macAddress"],
    consequence:
      "It changes, and then a rule on the MAC address no longer finds the asset: with another key, the same machine is an asset once more",
    uncertain: "Whether machine-learned matching leaves such addresses out",
  },
  "shared-host-and-address": {
    severity: "warning",
    problem: "different assets have the same host name and IP address",
    attributes: ["netBiosName", "ipAddress"],
    consequence:
      "A rule on both merges them into one asset; without such a rule the machine, if it is one, stays several assets",
    uncertain: TWICE,
  },
  "shared-host-name": {
    severity: "warning",
    problem: "different assets have the same host name",
    attributes: ["netBiosName"],
    consequence: "A rule on the name alone merges them into one asset",
    uncertain: TWICE,
  },
  "default-host-name": {
    severity: "warning",
    problem: "the host name is one that systems begin with",
    attributes: ["netBiosName"],
    consequence: "A rule on the name alone merges strangers into one asset",
    uncertain: "Whether machine-learned matching leaves such names out",
  },
  "address-host-name": {
    severity: "warning",
    problem: "the host name is made of an IP address",
    attributes: ["netBiosName"],
    consequence: `With a rule on the name alone, the next host at that address becomes this asset. ${LEFT_OUT}`,
    uncertain: "",
  },
  "shared-address": {
    severity: "warning",
    problem: "different assets have the same IP address",
    attributes: ["ipAddress"],
    consequence: "A rule on the address alone merges them into one asset",
    uncertain: TWICE,
  },
  "unroutable-address": {
    severity: "warning",
    problem: "the IP address reaches no single host",
    attributes: ["ipAddress"],
    consequence: `A rule on the address merges strangers into one asset. ${LEFT_OUT}`,
    uncertain:
      "Whether private addresses (RFC 1918), which are not counted here, count as unroutable",
  },
  "key-only": {
    severity: "warning",
    problem: "nothing but its key identifies the asset",
    attributes: [],
    consequence:
      "No rule can match it with another asset: it is always an asset of its own or, where the connector does not create unmanaged assets, dropped",
    uncertain: "Which rules a connector has",
  },
};
