import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@sluice/service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callsFingerprint } from "./account-settings.ts";
import { overriddenNotes } from "./describing.ts";
import { accountsOfFile } from "./from-file.ts";

const UUID = "da4b8361-2327-4bf1-af7d-2ce775bc9882";
const OTHER_UUID = "0c7f4f0e-1f3a-4a7e-9f6f-0f6a5d1f2b3c";
const ENVIRONMENT = { THE_PASSWORD: "hunter2", THE_UUID: UUID, THE_USER: "joe" };

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-file-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function write(lines: readonly string[], name = "sluice.yaml"): string {
  const path = join(dir, name);
  writeFileSync(path, lines.join("\n"));
  return path;
}

function read(lines: readonly string[], environment: Record<string, string> = ENVIRONMENT) {
  return accountsOfFile(write(lines), environment, "all");
}

function mistakesIn(lines: readonly string[], environment?: Record<string, string>): string[] {
  try {
    read(lines, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.slice(join(dir, "sluice.yaml:").length));
  }
}

const ACCOUNT = [
  "accounts:",
  "  main: { platform: EU2, username: joe, password: '${THE_PASSWORD}' }",
];
const CONNECTOR = ["connectors:", `  cmdb: { uuid: ${UUID} }`];

describe("sluice.yaml", () => {
  it("asks only for what is needed: secrets to send, mappings to transform", () => {
    const path = write([
      ...ACCOUNT,
      "connectors:",
      `  cmdb: { uuid: ${UUID}, mapping: nowhere.yaml }`,
    ]);
    expect(accountsOfFile(path, {}, "account")).toHaveLength(1);
    expect(accountsOfFile(path, {}, "connectors")).toHaveLength(1);
    expect(accountsOfFile(path, ENVIRONMENT, "calls")).toHaveLength(1);
    expect(() => accountsOfFile(path, {}, "calls")).toThrow("the environment has no THE_PASSWORD");
    expect(() => accountsOfFile(path, {}, "transforms")).toThrow("nowhere.yaml");
    expect(() => accountsOfFile(path, ENVIRONMENT, "all")).toThrow("nowhere.yaml");
  });

  it("describes accounts and connectors, with the defaults of the environment's variables", () => {
    const [account, ...others] = read([
      ...ACCOUNT,
      "connectors:",
      "  cmdb: { uuid: '${THE_UUID}' }",
    ]);
    expect(others).toEqual([]);
    expect(account).toMatchObject({
      name: "main",
      redisName: "gateway.qg2.apps.qualys.eu",
      gatewayUrl: "https://gateway.qg2.apps.qualys.eu",
      connectors: [
        {
          name: "cmdb",
          uuid: UUID,
          isEnabled: true,
          files: [],
          lane: "backfill",
          limits: { assetsMax: 100, bytesMax: 1_000_000, lingerMs: 2_000 },
          source: "WEBHOOK",
          transform: {
            mapping: null,
            policy: { connectorUuid: UUID, hardwareUuid: "derived", macFormat: "string" },
          },
        },
      ],
      calls: { policy: { pacing: "auto", fallback: { limit: 300 } } },
      connection: { credentials: { kind: "password", username: "joe" } },
    });
  });

  it("says all that a connector may say", () => {
    const [account] = read([
      ...ACCOUNT,
      "connectors:",
      "  cmdb:",
      `    uuid: ${UUID.toUpperCase()}`,
      "    account: main",
      "    description: Hosts of the CMDB",
      "    enabled: false",
      "    files: [exports/*.csv, /data/hosts.json]",
      "    format: json",
      "    at: data.hosts",
      "    encoding: windows-1252",
      "    lane: live",
      "    keyFields: [number, name]",
      "    hardwareUuid: source-only",
      "    macFormat: array",
      "    dateFormat: iso-8601",
      "    optionalFields: [coreAttributes.domain]",
      "    source: CMDB",
      "    batch: { assets: 7, bytes: 5000, lingerMs: 0 }",
    ]);
    expect(account?.connectors[0]).toMatchObject({
      uuid: UUID,
      description: "Hosts of the CMDB",
      isEnabled: false,
      files: [expect.stringMatching(/exports\/\*\.csv$/), "/data/hosts.json"],
      format: "json",
      at: "data.hosts",
      encoding: "windows-1252",
      lane: "live",
      source: "CMDB",
      limits: { assetsMax: 7, bytesMax: 5_000, lingerMs: 0 },
      transform: {
        mapping: null,
        policy: {
          keyFields: ["number", "name"],
          hardwareUuid: "source-only",
          macFormat: "array",
          dateFormat: "iso-8601",
          optionalFields: ["coreAttributes.domain"],
        },
      },
    });
    expect(account?.calls.policy.assetsPerCall).toBe(7);
  });

  it("says how an account's calls are made; what it leaves out is the environment's", () => {
    const [first, second] = read(
      [
        ...ACCOUNT,
        "  other: { platform: US1, username: a, password: '${THE_PASSWORD}', calls: { reserved: 9, limit: 20, windowSec: 5 } }",
        "connectors:",
        `  a: { uuid: ${UUID}, account: main }`,
        `  b: { uuid: ${UUID}, account: other }`,
      ],
      { ...ENVIRONMENT, SLUICE_CALLS_RESERVED: "3", SLUICE_PACING: "burst" },
    );
    expect(first?.calls.policy).toMatchObject({ pacing: "burst", callsReserved: 3 });
    expect(second?.calls.policy).toMatchObject({
      pacing: "burst",
      callsReserved: 9,
      fallback: { limit: 20, windowMs: 5_000 },
    });
    expect([first, second].map((one) => one?.connectors.map(({ name }) => name))).toEqual([
      ["a"],
      ["b"],
    ]);
  });

  it("takes a secret from a file beside it, or from the environment, and shows it nowhere", () => {
    write(["from-a-file", ""], "password");
    const [account] = read([
      "accounts:",
      "  main: { platform: EU2, username: joe, passwordFile: password }",
      ...CONNECTOR,
    ]);
    const { credentials } = account?.connection ?? {};
    expect(credentials).toMatchObject({ kind: "password" });
    expect(credentials?.kind === "password" && credentials.password.reveal()).toBe("from-a-file");
    expect(JSON.stringify(account)).not.toContain("from-a-file");
  });

  it("signs clients in as well", () => {
    const [account] = read([
      "accounts:",
      "  main: { platform: EU2, auth: oidc, clientId: c, clientSecret: '${THE_PASSWORD}' }",
      ...CONNECTOR,
    ]);
    expect(account?.connection?.credentials).toMatchObject({ kind: "oidc", clientId: "c" });
  });

  it("has another fingerprint of calls where gateway, credentials or pace differ, and only there", () => {
    const fingerprintOf = (account: string, environment: Record<string, string> = ENVIRONMENT) => {
      const [first] = read(["accounts:", `  main: { ${account} }`, ...CONNECTOR], environment);
      return first === undefined ? "" : callsFingerprint(first);
    };
    const plain = "platform: EU2, username: joe, password: '${THE_PASSWORD}'";
    const others = [
      fingerprintOf(plain.replace("EU2", "EU1")),
      fingerprintOf(plain.replace("joe", "ann")),
      fingerprintOf(`${plain}, calls: { reserved: 1 }`),
      fingerprintOf(plain, { ...ENVIRONMENT, THE_PASSWORD: "other" }),
    ];
    expect(fingerprintOf(plain)).toBe(fingerprintOf(plain));
    expect(new Set([fingerprintOf(plain), ...others]).size).toBe(5);
  });

  it("needs no secret where nobody calls Qualys", () => {
    const path = write([...ACCOUNT, ...CONNECTOR]);
    expect(accountsOfFile(path, {}, "connectors")[0]?.connection).toBeNull();
  });

  it.for<[string, readonly string[], readonly string[]]>([
    [
      "a secret as it stands",
      ["accounts:", "  main: { platform: EU2, username: joe, password: hunter2 }", ...CONNECTOR],
      [
        "2:51: accounts.main.password: a secret may not stand here; put it into the environment and write ${NAME_OF_ITS_VARIABLE}, or write passwordFile with the path of a file that holds it",
      ],
    ],
    [
      "a variable that is not set",
      [
        "accounts:",
        "  main: { gateway: '${GW}', username: '${WHO}', password: '${PW}' }",
        ...CONNECTOR,
      ],
      [
        "2:20: accounts.main.gateway: the environment has no GW",
        "2:39: accounts.main.username: the environment has no WHO",
        "2:59: accounts.main.password: the environment has no PW",
      ],
    ],
    [
      "a variable that holds no UUID, or is none but in name",
      [
        ...ACCOUNT,
        "connectors:",
        "  a: { uuid: '${THE_PASSWORD}' }",
        "  b: { uuid: '${constructor}' }",
      ],
      [
        "4:14: connectors.a.uuid: the environment's THE_PASSWORD is no UUID; copy it from the connector's page in Qualys",
        "5:14: connectors.b.uuid: the environment has no constructor",
      ],
    ],
    [
      "too few and too many credentials",
      [
        "accounts:",
        "  main: { platform: EU2, username: joe, clientId: c }",
        "  other: { platform: US1, auth: oauth, clientId: c, clientSecret: '${THE_PASSWORD}', clientSecretFile: f }",
        "connectors:",
        `  cmdb: { uuid: ${UUID}, account: main }`,
      ],
      [
        "2:3: accounts.main: password or passwordFile is missing",
        "2:41: accounts.main.clientId: means nothing with auth: password",
        "3:86: accounts.other.clientSecretFile: clientSecret is there as well; leave one of them out",
      ],
    ],
    [
      "no gateway, two of them, or one in clear",
      [
        "accounts:",
        "  a: { username: u, password: '${THE_PASSWORD}' }",
        "  b: { platform: US1, gateway: https://x.example, username: u, password: '${THE_PASSWORD}' }",
        "  c: { gateway: http://x.example, username: u, password: '${THE_PASSWORD}' }",
        "connectors:",
        `  cmdb: { uuid: ${UUID}, account: a }`,
      ],
      [
        "2:3: accounts.a: platform or gateway is missing",
        "3:32: accounts.b.gateway: platform is there as well; leave one of them out",
        '4:17: accounts.c.gateway: "http://x.example" would carry the credentials in clear; use https (http is for this machine only, as with the sandbox)',
      ],
    ],
    [
      "connectors of nobody, of one of several, or with one UUID",
      [
        ...ACCOUNT,
        "  second: { platform: US1, username: u, password: '${THE_PASSWORD}' }",
        "connectors:",
        `  a: { uuid: ${UUID}, account: man }`,
        `  b: { uuid: ${OTHER_UUID} }`,
        `  c: { uuid: ${UUID}, account: second }`,
        `  d: { uuid: ${UUID.toUpperCase()}, account: second }`,
      ],
      [
        '5:61: connectors.a.account: there is no "man" here; did you mean "main"?',
        "6:3: connectors.b: account is missing; there are main, second",
        '8:14: connectors.d.uuid: "c" has the same; a connector of Qualys is one connector here',
      ],
    ],
    [
      "two accounts that would be one in Redis",
      [
        ...ACCOUNT,
        "  second: { platform: EU2, username: u, password: '${THE_PASSWORD}' }",
        "  third: { platform: EU2, redisName: third, username: v, password: '${THE_PASSWORD}' }",
        "connectors:",
        `  a: { uuid: ${UUID}, account: main }`,
      ],
      [
        '3:3: accounts.second: has the same name in Redis as "main"; give each a redisName of its own',
      ],
    ],
    [
      "what has the wrong shape in a mapping, and an expression beside it",
      [
        ...ACCOUNT,
        "connectors:",
        "  cmdb:",
        `    uuid: ${UUID}`,
        "    mapping:",
        "      fields: { id: 'a.(', hostnme: b }",
      ],
      [
        '7:24: connectors.cmdb.mapping.fields.id: Expected ")" before end of expression; if it is the name of a field, put it into backticks, and those into quotes: "`a.(`"',
        '7:28: connectors.cmdb.mapping.fields.hostnme: there is no "hostnme" here; did you mean "hostname"?',
      ],
    ],
    [
      "two accounts that would use one budget",
      [
        ...ACCOUNT,
        "  second: { platform: EU2, redisName: second, username: joe, password: '${THE_PASSWORD}' }",
        "  third: { platform: EU2, username: '${THE_USER}', password: '${THE_PASSWORD}' }",
        "  other: { platform: US1, username: joe, password: '${THE_PASSWORD}' }",
        "connectors:",
        `  a: { uuid: ${UUID}, account: main }`,
      ],
      ["3:3: accounts.second: ", "4:3: accounts.third: "].map(
        (place) =>
          `${place}is the same user of the same gateway as "main", and has no calls of its own; let its connectors have account: main`,
      ),
    ],
    [
      "a name that no address could have, and what stands under it",
      [...ACCOUNT, "connectors:", "  The CMDB: { uuid: nothing }"],
      [
        "4:3: connectors.The CMDB: use up to 63 small letters, digits, dashes and underscores",
        "4:21: connectors.The CMDB.uuid: it is no UUID; copy it from the connector's page in Qualys",
      ],
    ],
    [
      "${...} where nothing comes into its place",
      [
        "accounts:",
        "  main: { platform: EU2, username: 'joe-${THE_UUID}', password: '${THE_PASSWORD}', redisName: a }",
        "connectors:",
        "  cmdb:",
        `    uuid: ${UUID}`,
        "    description: all of ${SITE}",
        "    files: [a.csv, 'exports/${DAY}/*.csv']",
        "    mapping: { fields: { id: '\"${n}\"' } }",
      ],
      [
        "2:36: accounts.main.username: ",
        "6:18: connectors.cmdb.description: ",
        "7:20: connectors.cmdb.files[1]: ",
      ].map(
        (place) =>
          `${place}\${...} would stay here as it is; only the whole of gateway, username, clientId, uuid, password, clientSecret may be a \${NAME}`,
      ),
    ],
    [
      "an encoding of nobody, and paths into what has none",
      [
        ...ACCOUNT,
        "connectors:",
        `  a: { uuid: ${UUID}, encoding: latin-99, at: data }`,
        `  b: { uuid: ${OTHER_UUID}, encoding: iso-8859-2, format: csv, at: data }`,
        "  c: { uuid: 00000000-0000-4000-8000-000000000001, at: data, format: ndjson }",
      ],
      [
        "4:62: connectors.a.encoding: there is no such encoding; use windows-1252 or iso-8859-2, for example",
        "5:87: connectors.b.at: means nothing with format: csv; only JSON documents have paths",
        "6:52: connectors.c.at: means nothing with format: ndjson; only JSON documents have paths",
      ],
    ],
    [
      "nothing but a comment",
      ["# to be done"],
      ["1:1: it is empty; sluice init --force writes a first one"],
    ],
    [
      "nobody",
      ["accounts: {}", "connectors: {}"],
      ["1:1: accounts: has to name at least one", "2:1: connectors: has to name at least one"],
    ],
  ])("with %s is refused, at its place", ([, lines, mistakes]) => {
    expect(mistakesIn(lines)).toEqual(mistakes);
  });

  it("tells all at once: its own mistakes, those of the files that it names, and the environment's", () => {
    write(["fields:", "  os: name +", "  fqdn: ("], "hosts.yaml");
    write(['{ "fields": { "id": 7 } }'], "hosts.json");
    write(["export const mapping = nonsense;"], "hosts.ts");
    write([""], "empty");
    const lines = [
      "accounts:",
      "  a: { platform: EU9, username: joe, passwordFile: nofile }",
      "  b: { platform: EU1, auth: oauth, clientId: c, clientSecretFile: empty }",
      "connectors:",
      `  a: { uuid: ${UUID}, account: a, mapping: hosts.yaml, lane: quick }`,
      `  b: { uuid: ${OTHER_UUID}, account: a, mapping: nomapping.yaml }`,
      `  c: { uuid: ${UUID}, account: b, mapping: nomapping.ts }`,
      `  d: { uuid: ${OTHER_UUID}, account: b, mapping: hosts.json }`,
      `  e: { uuid: 00000000-0000-4000-8000-000000000001, account: b, mapping: hosts.yaml }`,
      `  f: { uuid: 00000000-0000-4000-8000-000000000002, account: b, mapping: hosts.ts }`,
      "  g: { uuid: 00000000-0000-4000-8000-000000000003, account: b, mapping: { fields: { id: ( } } }",
    ];
    const environment = { QUALYS_CA_FILE: "/no/ca.pem", SLUICE_PACING: "slow" };
    let problems: readonly string[] = [];
    try {
      accountsOfFile(write(lines), environment, "all");
    } catch (error) {
      if (error instanceof ConfigError) ({ problems } = error);
    }
    const shown = problems.map((problem) => problem.replaceAll(/[^\s":]*\/sluice-file-\w+\//g, ""));
    expect(shown).toEqual([
      expect.stringMatching(/^sluice.yaml:2:18: accounts.a.platform: "EU9" is no platform/),
      'sluice.yaml:2:52: accounts.a.passwordFile: cannot read "nofile" (ENOENT); check path and permissions',
      'sluice.yaml:3:67: accounts.b.clientSecretFile: "empty" is empty; write the secret into it',
      "sluice.yaml:5:91: connectors.a.lane: expected one of live, backfill",
      'sluice.yaml:6:73: connectors.b.mapping: cannot read "nomapping.yaml" (ENOENT); check path and permissions',
      'sluice.yaml:7:73: connectors.c.mapping: cannot read "nomapping.ts" (ENOENT); check path and permissions',
      expect.stringMatching(/^sluice.yaml:11:\d+: connectors.g.mapping.fields.id: /),
      expect.stringMatching(/^hosts.yaml:2:\d+: fields.os: /),
      expect.stringMatching(/^hosts.yaml:3:\d+: fields.fqdn: /),
      expect.stringMatching(/^hosts.json:1:21: fields.id: /),
      expect.stringMatching(/^SLUICE_PACING: /),
      expect.stringMatching(/^QUALYS_CA_FILE: /),
    ]);
  });

  it("looks at no file of a secret where nobody calls Qualys", () => {
    const account = "  main: { platform: EU2, username: joe, passwordFile: nofile }";
    const path = write(["accounts:", account, ...CONNECTOR]);
    expect(accountsOfFile(path, {}, "connectors")).toHaveLength(1);
  });

  it("tells of variables that describe an account or a connector and are not used", () => {
    const path = write(["# ${QUALYS_PASSWORD}", ...ACCOUNT, ...CONNECTOR]);
    const environment = { QUALYS_PASSWORD: "a", QUALYS_CONNECTOR_UUID: "b", SLUICE_PACING: "auto" };
    expect(overriddenNotes(path, environment)).toEqual([
      `QUALYS_CONNECTOR_UUID is set and not used: "${path}" describes accounts and connectors`,
    ]);
    expect(overriddenNotes(path, {})).toEqual([]);
  });
});
