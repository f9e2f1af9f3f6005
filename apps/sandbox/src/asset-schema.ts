import { z } from "zod";

// The fields of https://docs.qualys.com/en/conn/latest/integrations/etm_webhook.htm and of the CSAM 3.7.1 API release
// notes, and those that public clients send. Whether the platform refuses fields that it does not know is not
// documented, so they pass; its samples send nulls, so null is as good as absent.
const text = z.string().nullish();
const flag = z.boolean().nullish();
const port = z.int().min(0).max(65_535).nullish();
const record = z.looseObject({});
const records = z.array(record).nullish();
const date = z.union([z.string(), z.number()]).nullish();

const identityAttributes = z.looseObject({
  qualysAssetId: z.int().nullish(),
  // The platform can identify by other attributes too; the sandbox knows only the source native key rule.
  sourceNativeKey: z.string().min(1),
  hostName: text,
  fqdn: text,
  ipAddress: z.array(z.string()).nullish(),
  netBiosName: text,
  hardwareUuid: text,
  macAddress: z.union([z.string(), z.array(z.string())]).nullish(),
  serialNumber: text,
  instanceUuid: text,
  instanceUuidSource: text,
  networkUuid: text,
});

const networkInterface = z.looseObject({
  interfaceName: text,
  macAddress: text,
  address: text,
  type: z.enum(["LOCAL", "PRIVATE", "ELASTIC", "PUBLIC"]).nullish(),
  gatewayAddress: text,
  dnsAddress: text,
  hostName: text,
  ipv4Address: text,
  ipv6Address: text,
  networkUuid: text,
});

const coreAttributes = z.looseObject({
  operatingSystem: text,
  address: text,
  netBiosName: text,
  isContainer: flag,
  biosInfo: z.looseObject({ totalMemory: z.number().nullish() }).nullish(),
  softwares: z
    .array(
      z.looseObject({ name: z.string(), version: text, isSystemApp: flag, isEnterpriseApp: flag }),
    )
    .nullish(),
  ports: z.array(z.looseObject({ port, protocol: text })).nullish(),
  sourceCreatedDate: date,
  sourceLastUpdatedDate: date,
  hostName: text,
  dnsName: text,
  fqdn: text,
  domain: text,
  domainRole: text,
  osVersion: text,
  osArchitecture: text,
  lastLoggedOnUser: text,
  processor: record.nullish(),
  networkInterfaces: z.array(networkInterface).nullish(),
  services: records,
  volumes: records,
  accounts: records,
  businessApps: records,
  containers: records,
  businessMetaData: record.nullish(),
  assignedLocation: record.nullish(),
  customConnectorAttributes: z.record(z.string(), z.string()).nullish(),
});

const finding = z.looseObject({
  id: z.string().min(1),
  name: text,
  category: text,
  severity: z.int().min(1).max(5).nullish(),
  port,
  protocol: text,
  findingStatus: z.enum(["NEW", "ACTIVE", "REOPENED", "PROTECTED", "RETEST", "FIXED"]).nullish(),
  findingType: record.nullish(),
});

const asset = z.looseObject({
  identityAttributes,
  coreAttributes: coreAttributes.nullish(),
  findings: z.array(finding).nullish(),
});

/** The body of an import call. */
export const importSchema = z.looseObject({
  connectorMetaData: z.looseObject({
    requestId: text,
    // A client is known to send it as text.
    assetCount: z.union([z.int(), z.string().regex(/^\d+$/)]).nullish(),
    source: text,
    connectorUuid: z.string().min(1),
  }),
  assetData: z.array(asset).min(1),
});

/** An asset in the form of the import API. */
export type ImportedAsset = z.input<typeof asset>;
