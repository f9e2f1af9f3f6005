import type { z } from "zod";
import { importSchema, unknownField, type ImportedAsset } from "./asset-schema.ts";
import type { Behaviour } from "./behaviour.ts";
import { describeIssues, parseJson } from "./checked.ts";
import type { KnownConnector } from "./connectors/connector.ts";
import type { Connectors } from "./connectors/connectors.ts";
import type { Delivery } from "./inventory/inventory.ts";

/** What is done where the platform's documentation is silent. */
export type CheckPolicy = Pick<Behaviour, "connectorRefusal" | "wrongCount" | "unknownFields">;

/** A delivery that passed every check, or the status and message that it is refused with. */
export type CheckedImport =
  | { kind: "valid"; value: Delivery }
  | { kind: "refused"; status: number; message: string };

/** Checks the body of an import call: JSON, the schema, the connector (known and enabled), the count. */
export function checkImport(
  body: Buffer,
  connectors: Connectors,
  policy: CheckPolicy,
): CheckedImport {
  const json = parseJson(body);
  if (json.kind === "refused") return refused(json.message);
  if (!isImportBody(json.value)) return refused(mistakesOf(json.value));
  const { connectorMetaData, assetData } = json.value;
  const unknown = policy.unknownFields === "refuse" ? unknownField(json.value) : null;
  if (unknown !== null) return refused(`${unknown}: no such field is known`);
  const connector = connectors.find(connectorMetaData.connectorUuid);
  const objection = objectionTo(connector, connectorMetaData.connectorUuid);
  if (connector === undefined || objection !== null) {
    return refused(`connectorMetaData.connectorUuid: ${objection}`, policy.connectorRefusal);
  }
  const count = connectorMetaData.assetCount ?? assetData.length;
  if (policy.wrongCount === "refuse" && Number(count) !== assetData.length) {
    return refused(
      `connectorMetaData.assetCount: says ${count}, but assetData has ${assetData.length}`,
    );
  }
  const assets = toReceived(assetData);
  if (assets === undefined) return refused("assetData: nested too deeply");
  const { requestId = null, source = null } = connectorMetaData;
  return { kind: "valid", value: { connector, requestId, source, assets } };
}

function refused(message: string, status = 400): CheckedImport {
  return { kind: "refused", status, message };
}

/** Why a connector takes no assets; `null` where it does. */
function objectionTo(connector: KnownConnector | undefined, uuid: string): string | null {
  if (connector === undefined) {
    return `no connector has the UUID "${uuid}"; copy it from the connector's page`;
  }
  return connector.enabled
    ? null
    : `the connector "${connector.name}" is disabled; enable it and send again`;
}

/** The schema transforms nothing, so the body as sent has its type; unlike zod's copy it keeps the order of the fields. */
function isImportBody(json: unknown): json is z.input<typeof importSchema> {
  return importSchema.safeParse(json).success;
}

function mistakesOf(json: unknown): string {
  return describeIssues(importSchema.safeParse(json).error?.issues ?? []);
}

/** `undefined` where an asset is nested more deeply than it can be written. */
function toReceived(assets: readonly ImportedAsset[]): Delivery["assets"] | undefined {
  try {
    return assets.map((asset) => ({ asset, received: JSON.stringify(asset) }));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
