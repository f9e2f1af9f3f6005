import { z } from "zod";
import { attributeNames } from "./attributes.ts";

/** What the rule that always comes first is called. */
export const nativeKeyRule = "Source native key";

const ruleSchema = z.strictObject({
  /** For the log; a rule has a name of its own. */
  name: z.string().trim().min(1).max(100),
  /** All of them must match. */
  attributes: z
    .array(z.enum(attributeNames))
    .min(1)
    .max(5)
    .refine((names) => new Set(names).size === names.length, "names an attribute twice"),
  /** What it means is a setting: the rule is in use, or the asset must have its attributes. */
  required: z.boolean(),
  /** As it is shown; a rule that is given is never fixed. */
  isFixed: z.literal(false).optional(),
});

/** The rule that always comes first, which a change may bring back as it was shown. */
const fixedRuleSchema = z.strictObject({
  name: z.literal(nativeKeyRule),
  attributes: z.tuple([z.literal("sourceNativeKey")]),
  required: z.literal(true),
  isFixed: z.literal(true),
});

/** A change of a connector's identification. */
export const identificationChangesSchema = z.strictObject({
  rules: z
    .array(z.unknown())
    .transform((rules) => (fixedRuleSchema.safeParse(rules[0]).success ? rules.slice(1) : rules))
    .pipe(z.array(ruleSchema).max(20))
    .refine(
      (rules) => new Set([nativeKeyRule, ...rules.map(({ name }) => name)]).size > rules.length,
      "two rules have the same name",
    ),
  createUnmanagedAsset: z.boolean(),
  applyDefaultRule: z.boolean(),
  /** As it is shown; nobody can change what a rule can use. */
  attributes: z.array(z.string()).optional(),
});

export type IdentificationRule = Readonly<z.output<typeof ruleSchema>>;

/** How the assets of a connector are matched with those of the inventory, after the source native key. */
export interface Identification {
  /** In the order in which they are tried. */
  readonly rules: readonly IdentificationRule[];
  /** Whether an asset that matches nothing is created, or dropped. */
  readonly createUnmanagedAsset: boolean;
  /** Whether one of several matches of the last rule is chosen: the most recently updated, then the most trusted. */
  readonly applyDefaultRule: boolean;
}

/**
 * What a connector begins with: the rules are there, and none is selected. Which rules the platform makes by default is
 * shown only in pictures of its documentation; these are one for each attribute that names a single host, and a pair.
 */
export const defaultIdentification: Identification = {
  rules: [
    { name: "Hardware UUID", attributes: ["hardwareUuid"], required: false },
    { name: "Serial number", attributes: ["serialNumber"], required: false },
    { name: "Cloud instance", attributes: ["instanceUuid"], required: false },
    { name: "MAC address", attributes: ["macAddress"], required: false },
    { name: "FQDN", attributes: ["fqdn"], required: false },
    { name: "Host name", attributes: ["hostName"], required: false },
    { name: "NetBIOS name", attributes: ["netBiosName"], required: false },
    {
      name: "NetBIOS name and IP address",
      attributes: ["netBiosName", "ipAddress"],
      required: false,
    },
    { name: "IP address", attributes: ["ipAddress"], required: false },
  ],
  createUnmanagedAsset: true,
  applyDefaultRule: true,
};

/** The documentation shows a toggle named Required and does not say what it does. */
export type RequiredMeaning = "selected" | "mandatory";

/** The rules that are tried: those that are selected or, where Required means mandatory, all of them. */
export function rulesTried(
  { rules }: Identification,
  meaning: RequiredMeaning,
): readonly IdentificationRule[] {
  return meaning === "mandatory" ? rules : rules.filter(({ required }) => required);
}
