import { readFileSync } from "node:fs";
import { parseGatewayUrl } from "@sluice/csam";
import { mappingPolicy } from "@sluice/inventory";
import {
  accountSettings,
  ConfigError,
  processSettings,
  readYaml,
  senderSettings,
} from "@sluice/service";
import { z } from "zod";
import type { MappingSource } from "../mapping/load-mapping.ts";
import { redisNameOf, type AccountSettings, type ConnectorSettings } from "./account-settings.ts";
import { callsOf } from "./calls.ts";
import { findConflicts, gatewayAddress, resolved, type Around } from "./conflicts.ts";
import { readNetwork, readSignIn, type Network } from "./connection-settings.ts";
import { withoutDescribing } from "./describing.ts";
import { fileSchema, type ConfigFile } from "./file-schema.ts";
import { needsMappings, needsSecrets, type Needs } from "./needs.ts";
import { fromFolderOf, mappingFileProblems } from "./named-files.ts";
import { readVariables, together, type Environment } from "./variables.ts";

type FileAccount = ConfigFile["accounts"][string];
type FileConnector = ConfigFile["connectors"][string];

/** What of the environment counts for every account. */
const sharedSchema = z.object({
  ...processSettings.shape,
  SLUICE_PLAIN_HTTP_HOST: accountSettings.shape.SLUICE_PLAIN_HTTP_HOST,
  ...senderSettings.shape,
});
type Shared = z.output<typeof sharedSchema>;

/** Reads the file, or gives every mistake in it, and then in the mappings that it names, each with its place. */
function readConfigFile(path: string, around: Around): ConfigFile {
  let mappingProblems: readonly string[] = [];
  const read = readYaml(textOf(path), fileSchema, (file) => {
    if (needsMappings(around.needs)) mappingProblems = mappingFileProblems(file, around.from);
    return findConflicts(file, around);
  });
  if (read.kind === "value" && mappingProblems.length === 0) return read.value;
  const mistakes = read.kind === "value" ? [] : read.mistakes;
  throw new ConfigError([
    ...mistakes.map(({ line, column, path: place, message }) =>
      [`${path}:${line}:${column}`, ...(place === "" ? [] : [place]), message].join(": "),
    ),
    ...mappingProblems,
  ]);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      `cannot read "${path}" (${code}); check SLUICE_CONFIG or --config, or make one with sluice init`,
    ]);
  }
}

/** The accounts of a file. Throws a `ConfigError` with every mistake in it, in its mappings, and in the environment besides. */
export function accountsOfFile(
  path: string,
  environment: Environment,
  needs: Needs,
): readonly AccountSettings[] {
  const from = fromFolderOf(path);
  const [file, [shared, network]] = together(
    () => readConfigFile(path, { environment, from, needs }),
    () =>
      together(
        () => readVariables(sharedSchema, withoutDescribing(environment)),
        () => (needsSecrets(needs) ? readNetwork(environment) : null),
      ),
  );
  const surroundings = { path, environment, from };
  return Object.entries(file.accounts).map(([name, account]) => {
    const settings = toAccount(name, account, file, shared, surroundings);
    if (network === null) return settings;
    const connection = connectionOf(settings, account, { shared, network, ...surroundings });
    return { ...settings, connection };
  });
}

interface Surroundings extends Pick<Around, "environment" | "from"> {
  /** Of the file. */
  path: string;
}

function toAccount(
  name: string,
  account: FileAccount,
  file: ConfigFile,
  shared: Shared,
  { path, environment, from }: Surroundings,
): AccountSettings {
  const gatewayUrl = gatewayAddress(account, environment) ?? "";
  const names = Object.keys(file.accounts);
  const connectors = Object.entries(file.connectors)
    .filter(([, connector]) => (connector.account ?? names[0]) === name)
    .map(([own, connector]) => toConnector(own, connector, { path, environment, from }));
  const assetsPerCall = Math.max(...connectors.map(({ limits }) => limits.assetsMax), 1);
  const host = parseGatewayUrl(gatewayUrl, shared.SLUICE_PLAIN_HTTP_HOST);
  return {
    name,
    redisName: account.redisName ?? redisNameOf(host),
    gatewayUrl,
    connectors,
    calls: callsOf(shared, account.calls ?? {}, assetsPerCall),
    connection: null,
  };
}

function toConnector(
  name: string,
  connector: FileConnector,
  { path, environment, from }: Surroundings,
): ConnectorSettings {
  const { description = "", enabled = true, files = [], lane = "backfill" } = connector;
  const { format, at, encoding, source = "WEBHOOK" } = connector;
  const uuid = (resolved(connector.uuid, environment) ?? "").toLowerCase();
  const { assets = 100, bytes = 1_000_000, lingerMs = 2_000 } = connector.batch ?? {};
  return {
    name,
    description,
    uuid,
    isEnabled: enabled,
    files: files.map(from),
    ...(format && { format }),
    ...(at && { at }),
    ...(encoding && { encoding }),
    lane,
    transform: {
      policy: policyOf(uuid, connector),
      mapping: mappingOf(name, connector, { path, from }),
    },
    limits: { assetsMax: assets, bytesMax: bytes, lingerMs },
    source,
  };
}

function mappingOf(
  name: string,
  { mapping }: FileConnector,
  { path, from }: Pick<Surroundings, "path" | "from">,
): MappingSource | null {
  if (mapping === undefined) return null;
  if (typeof mapping === "string") return { kind: "file", path: from(mapping) };
  return { kind: "inline", spec: mapping, path, place: ["connectors", name, "mapping"] };
}

function policyOf(connectorUuid: string, connector: FileConnector) {
  const { keyFields, hardwareUuid, macFormat, dateFormat, optionalFields } = connector;
  return mappingPolicy({
    connectorUuid,
    ...(keyFields && { keyFields }),
    ...(hardwareUuid && { hardwareUuid }),
    ...(macFormat && { macFormat }),
    ...(dateFormat && { dateFormat }),
    ...(optionalFields && { optionalFields }),
  });
}

/** How the account signs in: by its own keys, over the network of the environment. */
function connectionOf(
  { gatewayUrl, calls: { callTimeoutMs } }: AccountSettings,
  account: FileAccount,
  { shared, network, environment, from }: Surroundings & { shared: Shared; network: Network },
): AccountSettings["connection"] {
  const valueOf = (value: string | undefined) =>
    value === undefined ? undefined : (resolved(value, environment) ?? undefined);
  const { passwordFile, clientSecretFile } = account;
  const { credentials } = readSignIn({
    QUALYS_AUTH: account.auth,
    QUALYS_USERNAME: valueOf(account.username),
    QUALYS_PASSWORD: valueOf(account.password),
    QUALYS_PASSWORD_FILE: passwordFile && from(passwordFile),
    QUALYS_CLIENT_ID: valueOf(account.clientId),
    QUALYS_CLIENT_SECRET: valueOf(account.clientSecret),
    QUALYS_CLIENT_SECRET_FILE: clientSecretFile && from(clientSecretFile),
  });
  const plainHttpHost = shared.SLUICE_PLAIN_HTTP_HOST;
  const options = { credentials, ...network, gatewayUrl, callTimeoutMs };
  return { ...options, ...(plainHttpHost && { plainHttpHost }) };
}
