import * as z from "zod";

/*
 * The asset as Qualys's import API takes it (qualys-api.md, 1.3 to 1.5). Names without a mark are in
 * the example of the ETM webhook page; "release note" is that of CSAM 3.7.1; "client" is known from
 * public clients only, so such a field is sent on demand (optional-fields.ts).
 */

const name = z.string().nullable().optional();
const note = z.string().optional();

const identityAttributes = z.object({
  qualysAssetId: z.number().int().nullable(),
  sourceNativeKey: z.string().min(1),
  netBiosName: name,
  ipAddress: z.array(z.string()).optional(),
  hardwareUuid: note,
  fqdn: name, // release note
  hostName: note, // release note
  macAddress: z.union([z.string(), z.array(z.string())]).optional(), // client, type uncertain
  serialNumber: note, // client
  instanceUuid: note, // client
  networkUuid: note, // client
});

const sourceDate = z.union([z.string(), z.number()]).optional();

const portSchema = z.object({
  port: z.number().int().min(1).max(65_535),
  protocol: note,
});

const coreAttributes = z.object({
  operatingSystem: note,
  address: note,
  netBiosName: name,
  isContainer: z.boolean(),
  /** Memory in MB. */
  biosInfo: z.object({ totalMemory: z.number() }).optional(),
  softwares: z
    .array(
      z.object({
        name: z.string(),
        version: name,
        isSystemApp: z.boolean(),
        isEnterpriseApp: z.boolean(),
      }),
    )
    .optional(),
  ports: z.array(portSchema).optional(),
  hostName: note, // client
  dnsName: note, // client
  fqdn: note, // client
  domain: note, // client
  osVersion: note, // client, weak
  osArchitecture: note, // client, weak
  lastLoggedOnUser: note, // client
  sourceCreatedDate: sourceDate, // release note; its place here is from a client
  sourceLastUpdatedDate: sourceDate, // the same
  customConnectorAttributes: z.record(z.string(), z.string()).optional(), // client
});

const findingSchema = z.object({
  id: z.string().min(1),
  name: z.string(),
  category: z.literal("VULNERABILITY"),
  /** 1 to 5, 5 is the worst. */
  severity: z.number().int().min(1).max(5).optional(),
  port: portSchema.shape.port.optional(),
  protocol: note,
  findingStatus: z.enum(["ACTIVE", "FIXED"]), // FIXED: client
  findingType: z.object({ vulnerability: z.object({ cveId: z.string() }) }),
});

/** An asset in Qualys's form. A field that is `undefined` is not sent. */
export const assetSchema = z.object({
  identityAttributes,
  coreAttributes,
  findings: z.array(findingSchema).optional(),
});

export type Asset = z.infer<typeof assetSchema>;
export type Finding = z.infer<typeof findingSchema>;
export type Port = z.infer<typeof portSchema>;
