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
  // Which attribute the platform insists on is not documented; a record of the sandbox is known by this one.
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

const software = z.looseObject({
  name: z.string(),
  version: text,
  isSystemApp: flag,
  isEnterpriseApp: flag,
});

const coreAttributes = z.looseObject({
  operatingSystem: text,
  address: text,
  netBiosName: text,
  isContainer: flag,
  biosInfo: z.looseObject({ totalMemory: z.number().nullish() }).nullish(),
  softwares: z.array(software).nullish(),
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

const connectorMetaData = z.looseObject({
  requestId: text,
  // A client is known to send it as text.
  assetCount: z.union([z.int(), z.string().regex(/^\d+$/)]).nullish(),
  source: text,
  connectorUuid: z.string().min(1),
});

/** The body of an import call. */
export const importSchema = z.looseObject({
  connectorMetaData,
  assetData: z.array(asset).min(1),
});

/** An asset in the form of the import API. */
export type ImportedAsset = z.input<typeof asset>;

/** The first field of a body that no page or client of the platform shows, as a path; `null` where there is none. */
export function unknownField(body: z.input<typeof importSchema>): string | null {
  return (
    unknownIn("", body, importSchema) ??
    unknownIn("connectorMetaData.", body.connectorMetaData, connectorMetaData) ??
    firstOf(body.assetData, (one, index) => unknownInAsset(`assetData[${index}].`, one))
  );
}

function unknownInAsset(path: string, given: ImportedAsset): string | null {
  const { identityAttributes: identity, coreAttributes: core, findings } = given;
  return (
    unknownIn(path, given, asset) ??
    unknownIn(`${path}identityAttributes.`, identity, identityAttributes) ??
    unknownIn(`${path}coreAttributes.`, core ?? {}, coreAttributes) ??
    firstOf(core?.softwares ?? [], (one, index) =>
      unknownIn(`${path}coreAttributes.softwares[${index}].`, one, software),
    ) ??
    firstOf(core?.networkInterfaces ?? [], (one, index) =>
      unknownIn(`${path}coreAttributes.networkInterfaces[${index}].`, one, networkInterface),
    ) ??
    firstOf(findings ?? [], (one, index) => unknownIn(`${path}findings[${index}].`, one, finding))
  );
}

function unknownIn(path: string, value: object, { shape }: z.ZodObject): string | null {
  const name = Object.keys(value).find((key) => !(key in shape));
  return name === undefined ? null : path + name;
}

function firstOf<T>(
  list: readonly T[],
  find: (one: T, index: number) => string | null,
): string | null {
  for (const [index, one] of list.entries()) {
    const found = find(one, index);
    if (found !== null) return found;
  }
  return null;
}
