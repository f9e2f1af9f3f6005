import { gatewayOfPlatform, parseGatewayUrl } from "@sluice/csam";
import { compileMapping } from "@sluice/mapping";
import { noSuchName, type PlacelessMistake } from "@sluice/service";
import { isUuid, NAME, referenceIn } from "./file-schema.ts";
import { needsMappings, needsSecrets, type Needs } from "./needs.ts";
import { unreadableMappings, wrongSecretFiles, type From } from "./named-files.ts";
import { isUser, sectionOf, sectionsOf, type Section } from "./sections.ts";
import { REFERABLE, strayReferences } from "./stray-references.ts";
import type { Environment } from "./variables.ts";

/** What a file is read with. */
export interface Around {
  environment: Environment;
  from: From;
  needs: Needs;
}

/**
 * Mistakes that no key makes alone: what contradicts another one, points nowhere, or is missing in the environment or among
 * the files. Looks at whatever the file holds, so that all mistakes are told at once.
 */
export function findConflicts(
  file: unknown,
  { environment, from, needs }: Around,
): readonly PlacelessMistake[] {
  const accounts = sectionsOf(sectionOf(file)["accounts"]);
  const connectors = sectionsOf(sectionOf(file)["connectors"]);
  return [
    ...("accounts" in sectionOf(file) ? nameMistakes("accounts", accounts) : []),
    ...("connectors" in sectionOf(file) ? nameMistakes("connectors", connectors) : []),
    ...accounts.flatMap(([name, account]) => [
      ...signInMistakes(["accounts", name], account),
      ...gatewayMistakes(["accounts", name], account, environment),
      ...unsetVariables(["accounts", name], account, environment, needs),
    ]),
    ...sharedAccounts(accounts, environment),
    ...connectors.flatMap(([name, connector]) => [
      ...accountMistakes(["connectors", name], connector, accounts),
      ...unsetVariables(["connectors", name], connector, environment, needs),
      ...wrongUuid(["connectors", name, "uuid"], connector["uuid"], environment),
      ...readingMistakes(["connectors", name], connector),
      ...mappingMistakes(["connectors", name, "mapping"], connector["mapping"]),
    ]),
    ...sharedUuids(connectors, accounts, environment),
    ...(needsSecrets(needs) ? wrongSecretFiles(file, from) : []),
    ...(needsMappings(needs) ? unreadableMappings(file, from) : []),
    ...strayReferences(file),
  ];
}

function nameMistakes(
  key: string,
  sections: readonly (readonly [string, Section])[],
): readonly PlacelessMistake[] {
  if (sections.length === 0) return [{ path: [key], message: "has to name at least one" }];
  const message = "use up to 63 small letters, digits, dashes and underscores";
  return sections
    .filter(([name]) => !NAME.test(name))
    .map(([name]) => ({ path: [key, name], isKey: true, message }));
}

type Path = readonly string[];

/** Which credentials there have to be, and no others. */
function signInMistakes(path: Path, account: Section): readonly PlacelessMistake[] {
  const [id, secret] = isUser(account) ? ["username", "password"] : ["clientId", "clientSecret"];
  const others = isUser(account) ? ["clientId", "clientSecret"] : ["username", "password"];
  const missing = [
    ...(id in account ? [] : [id]),
    ...(secret in account || `${secret}File` in account ? [] : [`${secret} or ${secret}File`]),
  ];
  const strangers = [...others, `${others[1]}File`].filter((key) => key in account);
  return [
    ...missing.map((key) => ({ path, message: `${key} is missing` })),
    ...(secret in account && `${secret}File` in account
      ? [
          {
            path: [...path, `${secret}File`],
            isKey: true,
            message: `${secret} is there as well; leave one of them out`,
          },
        ]
      : []),
    ...strangers.map((key) => ({
      path: [...path, key],
      isKey: true,
      message: `means nothing with auth: ${isUser(account) ? "password" : String(account["auth"])}`,
    })),
  ];
}

/** The address that an account's keys say, or what is wrong with them. */
function gatewayIn(
  account: Section,
  environment: Environment,
): { host: string | null; key: string | null; message: string } {
  const { platform, gateway } = account;
  if (platform !== undefined && gateway !== undefined) {
    const message = "platform is there as well; leave one of them out";
    return { host: null, key: "gateway", message };
  }
  if (platform === undefined && gateway === undefined) {
    return { host: null, key: null, message: "platform or gateway is missing" };
  }
  const key = platform === undefined ? "gateway" : "platform";
  try {
    const address = gatewayAddress(account, environment);
    const plainHttpHost = environment["SLUICE_PLAIN_HTTP_HOST"]?.trim();
    const host = address === null ? null : parseGatewayUrl(address, plainHttpHost).host;
    return { host, key, message: "" };
  } catch (error) {
    // The same words as of the variables; the place says the rest.
    const message = (error instanceof Error ? error.message : String(error))
      .replace(/^Cannot use \w+: /, "")
      .replaceAll("QUALYS_GATEWAY_URL", "gateway");
    return { host: null, key, message };
  }
}

function gatewayMistakes(
  path: Path,
  account: Section,
  environment: Environment,
): readonly PlacelessMistake[] {
  const { key, message } = gatewayIn(account, environment);
  if (message === "") return [];
  return [{ path: key === null ? path : [...path, key], message }];
}

/** The address of an account's gateway; null while the variable that holds it is not set. Throws for an unknown platform. */
export function gatewayAddress(account: Section, environment: Environment): string | null {
  const { platform, gateway } = account;
  if (typeof platform === "string") return gatewayOfPlatform(platform);
  return typeof gateway === "string" ? resolved(gateway, environment) : null;
}

/** What a value means: itself, or what the environment has under the name in it; null where that is not set. */
export function resolved(value: string, environment: Environment): string | null {
  const name = referenceIn(value);
  if (name === null) return value;
  return (Object.hasOwn(environment, name) && environment[name]?.trim()) || null;
}

function unsetVariables(
  path: Path,
  section: Section,
  environment: Environment,
  needs: Needs,
): readonly PlacelessMistake[] {
  return REFERABLE.flatMap((key) => {
    const value = section[key];
    const isAsked = key === "gateway" || key === "uuid" || needsSecrets(needs);
    if (typeof value !== "string" || !isAsked || resolved(value, environment) !== null) return [];
    return [{ path: [...path, key], message: `the environment has no ${referenceIn(value)}` }];
  });
}

/** What stands in the file itself its schema has seen. */
function wrongUuid(
  path: Path,
  uuid: unknown,
  environment: Environment,
): readonly PlacelessMistake[] {
  const name = typeof uuid === "string" ? referenceIn(uuid) : null;
  if (typeof uuid !== "string" || name === null) return [];
  const value = resolved(uuid, environment);
  if (value === null || isUuid(value)) return [];
  const message = `the environment's ${name} is no UUID; copy it from the connector's page in Qualys`;
  return [{ path, message }];
}

function accountMistakes(
  path: Path,
  { account }: Section,
  accounts: readonly (readonly [string, Section])[],
): readonly PlacelessMistake[] {
  const names = accounts.map(([name]) => name);
  if (account === undefined) {
    if (names.length < 2) return [];
    return [{ path, message: `account is missing; there are ${names.join(", ")}` }];
  }
  if (typeof account !== "string" || names.includes(account)) return [];
  return [{ path: [...path, "account"], message: noSuchName(account, names) }];
}

function readingMistakes(path: Path, { format, at }: Section): readonly PlacelessMistake[] {
  if (at === undefined || (format !== "csv" && format !== "ndjson")) return [];
  const message = `means nothing with format: ${format}; only JSON documents have paths`;
  return [{ path: [...path, "at"], isKey: true, message }];
}

/** What is wrong with a mapping but for its shape, such as an expression. */
function mappingMistakes(path: Path, mapping: unknown): readonly PlacelessMistake[] {
  if (typeof mapping !== "object") return [];
  const compiled = compileMapping(mapping);
  if (compiled.kind === "compiled") return [];
  return compiled.problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
}

/** One user's calls have one budget in Qualys, and two accounts would each use it whole; of two users, each needs its own name. */
function sharedAccounts(
  accounts: readonly (readonly [string, Section])[],
  environment: Environment,
): readonly PlacelessMistake[] {
  const identities = accounts.map(([name, account]) => {
    const { host } = gatewayIn(account, environment);
    const id = account[isUser(account) ? "username" : "clientId"];
    const user = typeof id === "string" ? resolved(id, environment) : null;
    return {
      name,
      user: host !== null && user !== null ? `${host} ${user}` : null,
      redisName: account["redisName"] ?? host,
    };
  });
  const users = new Map(twice(identities, "user").map(({ name, other }) => [name, other]));
  return [
    ...users.entries().map(([name, other]) => ({
      path: ["accounts", name],
      message: `is the same user of the same gateway as "${other}", and has no calls of its own; let its connectors have account: ${other}`,
    })),
    ...twice(identities, "redisName")
      .filter(({ name }) => !users.has(name))
      .map(({ name, other }) => ({
        path: ["accounts", name],
        message: `has the same name in Redis as "${other}"; give each a redisName of its own`,
      })),
  ];
}

/** Two connectors of an account with one UUID would be one connector with two mappings. */
function sharedUuids(
  connectors: readonly (readonly [string, Section])[],
  accounts: readonly (readonly [string, Section])[],
  environment: Environment,
): readonly PlacelessMistake[] {
  const only = accounts[0]?.[0];
  const identities = connectors.map(([name, { uuid, account = only }]) => {
    const value = typeof uuid === "string" ? resolved(uuid, environment)?.toLowerCase() : null;
    return { name, uuid: value ? `${String(account)} ${value}` : null };
  });
  return twice(identities, "uuid").map(({ name, other }) => ({
    path: ["connectors", name, "uuid"],
    message: `"${other}" has the same; a connector of Qualys is one connector here`,
  }));
}

/** Those that have the same there as one before them. */
function twice<Key extends string>(
  all: readonly ({ name: string } & Record<Key, unknown>)[],
  key: Key,
): readonly { name: string; other: string }[] {
  const seen = new Map<unknown, string>();
  return all.flatMap((one) => {
    const value = one[key];
    if (value === null || value === undefined) return [];
    const other = seen.get(value);
    if (other === undefined) seen.set(value, one.name);
    return other === undefined ? [] : [{ name: one.name, other }];
  });
}
