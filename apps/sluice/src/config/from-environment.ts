import { parseGatewayUrl } from "@sluice/csam";
import { mappingPolicy, type MappingPolicy } from "@sluice/inventory";
import {
  accountSettings,
  ConfigError,
  connectorSettings,
  mappingSettings,
  processSettings,
  senderSettings,
  workerSettings,
} from "@sluice/service";
import { z } from "zod";
import type { TransformSettings } from "../mapping/load-transform.ts";
import { redisNameOf, type AccountSettings, type ConnectorSettings } from "./account-settings.ts";
import { callsOf } from "./calls.ts";
import { readConnection } from "./connection-settings.ts";
import { needsSecrets, type Needs } from "./needs.ts";
import { readVariables, together, type Environment } from "./variables.ts";

const accountSchema = z.object({
  ...processSettings.shape,
  ...accountSettings.shape,
  ...workerSettings.shape,
  ...senderSettings.shape,
});
const wholeSchema = z.object({
  ...accountSchema.shape,
  ...connectorSettings.shape,
  ...mappingSettings.shape,
});

type Account = z.output<typeof accountSchema>;

/** The name of the connector that the environment describes. */
const ONLY_CONNECTOR = "default";

/** The one account that the environment describes, with its one connector unless just the account is looked at. */
export function accountOfEnvironment(environment: Environment, needs: Needs): AccountSettings {
  if (needs === "account") return toAccount(readVariables(accountSchema, environment));
  const [config, connection] = together(
    () => readVariables(wholeSchema, environment),
    () => (needsSecrets(needs) ? readConnection(environment) : null),
  );
  const account = { ...toAccount(config), connectors: [toConnector(config)] };
  if (connection === null) return account;
  const { gatewayUrl, calls } = account;
  const plainHttpHost = config.SLUICE_PLAIN_HTTP_HOST;
  return {
    ...account,
    connection: {
      ...connection,
      gatewayUrl,
      callTimeoutMs: calls.callTimeoutMs,
      ...(plainHttpHost && { plainHttpHost }),
    },
  };
}

function toAccount(config: Account): AccountSettings {
  const gatewayUrl = config.QUALYS_GATEWAY_URL;
  const redisName =
    config.SLUICE_ACCOUNT ??
    redisNameOf(parseGatewayUrl(gatewayUrl, config.SLUICE_PLAIN_HTTP_HOST));
  return {
    name: redisName,
    redisName,
    gatewayUrl,
    connectors: [],
    calls: callsOf(config, {}, config.SLUICE_BATCH_ASSETS_MAX),
    connection: null,
  };
}

function toConnector(config: z.output<typeof wholeSchema>): ConnectorSettings {
  return {
    name: ONLY_CONNECTOR,
    description: "",
    uuid: config.QUALYS_CONNECTOR_UUID.toLowerCase(),
    isEnabled: true,
    files: [],
    lane: "backfill",
    transform: toTransform(config),
    limits: {
      assetsMax: config.SLUICE_BATCH_ASSETS_MAX,
      bytesMax: config.SLUICE_BATCH_BYTES_MAX,
      lingerMs: config.SLUICE_BATCH_LINGER_MS,
    },
    source: config.SLUICE_SOURCE,
  };
}

/** Where nothing is sent, any connector will do. */
const ANY_CONNECTOR = "00000000-0000-4000-8000-000000000000";

const transformSchema = z.object({
  ...mappingSettings.shape,
  QUALYS_CONNECTOR_UUID: connectorSettings.shape.QUALYS_CONNECTOR_UUID.default(ANY_CONNECTOR),
});
type TransformConfig = z.output<typeof transformSchema>;

/** How the environment says that records become assets, for commands that look at a mapping alone. */
export function transformOfEnvironment(environment: Environment): TransformSettings {
  return toTransform(readVariables(transformSchema, environment));
}

function toTransform(config: TransformConfig): TransformSettings {
  const { SLUICE_MAPPING: path } = config;
  const mapping = path === undefined ? null : ({ kind: "file", path } as const);
  return { policy: toPolicy(config), mapping };
}

function toPolicy(config: TransformConfig): MappingPolicy {
  try {
    return mappingPolicy({
      connectorUuid: config.QUALYS_CONNECTOR_UUID,
      ...(config.SLUICE_KEY_FIELDS && { keyFields: config.SLUICE_KEY_FIELDS }),
      optionalFields: config.SLUICE_OPTIONAL_FIELDS ?? [],
      hardwareUuid: config.SLUICE_HARDWARE_UUID,
      dateFormat: config.SLUICE_DATE_FORMAT,
      macFormat: config.SLUICE_MAC_FORMAT,
    });
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)]);
  }
}
