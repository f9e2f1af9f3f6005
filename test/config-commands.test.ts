import { readFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";
import { hostLines, openPlace, type Ended } from "./support/sluice.ts";

function objectOf({ stdout }: Ended): unknown {
  return JSON.parse(stdout);
}

describe("sluice init", () => {
  it("writes a first file that means what the variables mean, and passes its check", async () => {
    await using place = await openPlace();
    const written = await place.run(["init"], { env: {} });
    expect(written.exitCode, written.stderr).toBe(0);
    const text = await readFile(join(place.dir, "sluice.yaml"), "utf8");
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/sluice\.schema\.json\n/);
    const { SLUICE_ACCOUNT: _, SLUICE_BATCH_ASSETS_MAX: __, ...env } = place.env;
    const checked = await place.run(["config", "check", "--json"], { env });
    expect(objectOf(checked)).toEqual({
      ok: true,
      file: "sluice.yaml",
      accounts: ["main"],
      connectors: ["inventory"],
      problems: [],
    });
    // What it shows as comments is right as well, one way of signing in at a time.
    await place.write("devices.mapping.yaml", "fields: { id: id }\n");
    await mkdir(join(place.dir, "secrets"));
    await place.write("secrets/password", "one");
    await place.write("secrets/client", "two");
    const comments = [...text.matchAll(/^ +# (\w+): /gm)].map(([, key = ""]) => key);
    const but = (...keys: string[]) => comments.filter((key) => !keys.includes(key));
    const client = ["auth", "clientId", "clientSecret", "clientSecretFile"];
    const ways: [shown: string[], leftOut: string[]][] = [
      [but("platform", "passwordFile", ...client), []],
      [but(...client), ["gateway", "password"]],
      [but("platform", "passwordFile", "clientSecretFile"), ["username", "password"]],
      [but("platform", "passwordFile", "clientSecret"), ["username", "password"]],
    ];
    for (const [shown, leftOut] of ways) {
      const hidden = new RegExp(`^( +)# (?=(?:${shown.join("|")}): )`, "gm");
      const needless = new RegExp(`^ +(?:${leftOut.join("|")}): .*\n`, "gm");
      await place.write("sluice.yaml", text.replaceAll(needless, "").replaceAll(hidden, "$1"));
      const secrets = { ...env, QUALYS_CLIENT_ID: "c", QUALYS_CLIENT_SECRET: "s" };
      const { exitCode, stdout } = await place.run(["config", "check"], { env: secrets });
      const right = "sluice.yaml is right: 1 account, 1 connector\n";
      expect([exitCode, stdout], shown.join()).toEqual([0, right]);
    }
  });

  it("says which folder is not there", async () => {
    await using place = await openPlace();
    const refused = await place.run(["init", "no/such/x.yaml"], { env: {} });
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      'sluice: Cannot write "no/such/x.yaml": there is no folder "no/such"; make it first: mkdir -p no/such\n',
    ]);
  });

  it("replaces nothing unless it is told to", async () => {
    await using place = await openPlace();
    await place.write("sluice.yaml", "mine");
    const refused = await place.run(["init"], { env: {} });
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      'sluice: Cannot write "sluice.yaml": it is there already; --force replaces it\n',
    ]);
    expect(await readFile(join(place.dir, "sluice.yaml"), "utf8")).toBe("mine");
    expect((await place.run(["init", "--force"], { env: {} })).exitCode).toBe(0);
  });
});

describe("sluice config", () => {
  it("check tells every mistake, of the file and of the environment, and ends with 2", async () => {
    await using place = await openPlace();
    const lines = ["accounts:", "  main: { platform: EU2, password: hunter2 }", "connector: {}"];
    await place.write("my.yaml", lines.join("\n"));
    const env = { SLUICE_PACING: "slow" };
    const checked = await place.run(["config", "check", "my.yaml", "--json"], { env });
    expect(checked.exitCode).toBe(2);
    expect(objectOf(checked)).toEqual({
      ok: false,
      file: "my.yaml",
      problems: [
        "my.yaml:1:1: connectors: is missing",
        "my.yaml:2:3: accounts.main: username is missing",
        expect.stringMatching(
          /^my\.yaml:2:36: accounts\.main\.password: a secret may not stand here/,
        ),
        'my.yaml:3:1: connector: there is no "connector" here; did you mean "connectors"?',
        expect.stringMatching(/^SLUICE_PACING: "slow" cannot be used/),
      ],
    });
    expect(checked.stdout + checked.stderr).not.toContain("hunter2");
  });

  it("schema prints the schema that is published, by which editors know the file", async () => {
    await using place = await openPlace();
    const printed = await place.run(["config", "schema"], { env: {} });
    const published = readFileSync(join(ROOT, "sluice.schema.json"), "utf8");
    expect(JSON.parse(printed.stdout)).toEqual(JSON.parse(published));
    const schema = JSON.parse(published) as { properties: object; additionalProperties: boolean };
    expect(Object.keys(schema.properties)).toEqual(["accounts", "connectors"]);
    expect(schema.additionalProperties).toBe(false);
  });

  it("has its like for mappings, which mapping schema prints", async () => {
    await using place = await openPlace();
    const printed = await place.run(["mapping", "schema"], { env: {} });
    const published = readFileSync(join(ROOT, "mapping.schema.json"), "utf8");
    expect(JSON.parse(printed.stdout)).toEqual(JSON.parse(published));
  });

  it("is found in the working directory, where SLUICE_CONFIG or --config say, or with none nowhere", async () => {
    await using place = await openPlace();
    await place.write("sluice.yaml", "accounts: 1");
    await place.write("other.yaml", "accounts: 2");
    const problemsWith = async (env: Record<string, string>, ...args: string[]) => {
      const { stderr } = await place.run(["status", ...args], { env });
      return /^ {2}(\S+?):1:\d+: accounts: /m.exec(stderr)?.[1] ?? null;
    };
    expect(await problemsWith({})).toBe("sluice.yaml");
    expect(await problemsWith({ SLUICE_CONFIG: "other.yaml" })).toBe("other.yaml");
    expect(await problemsWith({ SLUICE_CONFIG: "none" }, "--config", "other.yaml")).toBe(
      "other.yaml",
    );
    const status = await place.run(["status"], { env: { ...place.env, SLUICE_CONFIG: "none" } });
    expect(status.exitCode, status.stderr).toBe(0);
  });
});

describe("sluice.yaml", () => {
  it("says what push does where nothing else is said: its files, their form, key and source", async () => {
    await using place = await openPlace();
    const { sandbox } = place;
    await place.write("a.json", JSON.stringify({ data: { hosts: [{ id: 7, number: "n-1" }] } }));
    await place.write(
      "sluice.yaml",
      [
        "accounts:",
        "  main: { gateway: '${QUALYS_GATEWAY_URL}', username: '${QUALYS_USERNAME}', password: '${QUALYS_PASSWORD}', redisName: " +
          `${place.account.name} }`,
        "connectors:",
        "  cmdb:",
        `    uuid: ${sandbox.connectorUuid}`,
        "    files: [a.*]",
        "    at: data.hosts",
        "    keyFields: [number]",
        "    lane: live",
        "    source: CMDB",
      ].join("\n"),
    );
    const pushed = await place.run(["push", "--json"]);
    expect(pushed.exitCode, pushed.stderr).toBe(0);
    expect(objectOf(pushed)).toMatchObject({ read: 1, delivered: 1 });
    expect(pushed.stderr).toContain(
      'SLUICE_ACCOUNT, QUALYS_CONNECTOR_UUID, SLUICE_BATCH_ASSETS_MAX are set and not used: "sluice.yaml"',
    );
    expect(sandbox.asset(sandbox.connectorUuid, "n-1")).toBeDefined();
    const [run] = await place.account.client.zrange(place.account.key("runs"), "0", "0");
    expect(await place.account.client.hget(place.account.key(`run:${run}`), "l")).toBe("live");
  });

  it("is not needed: the environment describes one connector named default", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(3));
    const pushed = await place.run(["push", "hosts.ndjson", "--connector", "default", "--json"]);
    expect(objectOf(pushed)).toMatchObject({ delivered: 3 });
    const other = await place.run(["push", "hosts.ndjson", "--connector", "cmdb"]);
    expect([other.exitCode, other.stderr]).toEqual([
      2,
      'sluice: Cannot find connector "cmdb"; there is default\n',
    ]);
  });
});
