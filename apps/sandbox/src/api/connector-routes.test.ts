import { describe, expect, it } from "vitest";
import { startSandbox } from "../sandbox.ts";
import { ask, connect, importBody } from "../test-client.ts";

const uuidForm = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe("the connectors", () => {
  it("are created with a generated UUID, which a push can use at once", async () => {
    await using sandbox = await startSandbox({ nowMs: () => 1_000_000 });
    const given = { name: "CMDB", description: "All of it", modules: ["CSAM", "ETM"] };
    const created = await ask(sandbox, "POST", "connectors", given);
    expect(created).toEqual({
      status: 201,
      json: {
        ...given,
        uuid: expect.stringMatching(uuidForm),
        enabled: true,
        trust: 50,
        createdAtMs: 1_000_000,
        lastActivityMs: null,
        counts: { records: 0, calls: 0, dropped: 0 },
      },
    });
    const uuid = String(created.json["uuid"]);
    const client = await connect(sandbox);
    expect((await client.import(importBody(uuid, ["a", "b"]))).status).toBe(200);
    expect((await ask(sandbox, "GET", `connectors/${uuid}`)).json).toMatchObject({
      lastActivityMs: 1_000_000,
      counts: { records: 2, calls: 1, dropped: 0 },
    });
  });

  it("are listed in the order of their creation, the one of the start first", async () => {
    await using sandbox = await startSandbox();
    for (const name of ["one", "two"]) await ask(sandbox, "POST", "connectors", { name });
    expect((await ask(sandbox, "GET", "connectors")).json).toMatchObject({
      connectors: [
        { name: "sandbox", uuid: sandbox.connectorUuid },
        { name: "one", description: "", modules: ["CSAM"] },
        { name: "two" },
      ],
    });
  });

  it("can be edited, and while one is disabled its pushes are refused with a clear body", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    const path = `connectors/${sandbox.connectorUuid}`;
    const changes = { name: "Old CMDB", description: "Retired", trust: 5, enabled: false };
    expect((await ask(sandbox, "PATCH", path, changes)).json).toMatchObject(changes);
    const refused = await client.importKeys("a");
    expect([refused.status, await refused.json()]).toEqual([
      400,
      {
        responseCode: "FAILED",
        message:
          'connectorMetaData.connectorUuid: the connector "Old CMDB" is disabled; enable it and send again',
      },
    ]);
    await ask(sandbox, "PATCH", path, { enabled: true });
    expect((await client.importKeys("a")).status).toBe(200);
    expect((await ask(sandbox, "GET", path)).json).toMatchObject({ name: "Old CMDB", trust: 5 });
  });

  it.for([
    ["POST", "connectors", { name: " " }, 400, "name: "],
    ["POST", "connectors", { name: "a", modules: ["VMDR"] }, 400, "modules[0]: "],
    ["POST", "connectors", { name: "a", uuid: "b" }, 400, "uuid"],
    ["PATCH", "connectors/nobody", { enabled: false }, 404, 'No connector has the UUID "nobody"'],
    ["GET", "connectors/nobody/identification", undefined, 404, "No connector"],
  ] as const)("refuse %s %s with %j", async ([method, path, body, status, message]) => {
    await using sandbox = await startSandbox();
    expect(await ask(sandbox, method, path, body)).toEqual({
      status,
      json: { responseCode: "FAILED", message: expect.stringContaining(message) },
    });
  });
});

describe("the identification of a connector", () => {
  it("begins with the native key's rule, the default rules unselected, and both checkboxes ticked", async () => {
    await using sandbox = await startSandbox();
    const path = `connectors/${sandbox.connectorUuid}/identification`;
    const { json } = await ask(sandbox, "GET", path);
    const rules = json["rules"] as { name: string; required: boolean; isFixed: boolean }[];
    expect(rules[0]).toEqual({
      name: "Source native key",
      attributes: ["sourceNativeKey"],
      required: true,
      isFixed: true,
    });
    expect(rules.slice(1).map(({ name }) => name)).toEqual([
      "Hardware UUID",
      "Serial number",
      "Cloud instance",
      "MAC address",
      "FQDN",
      "Host name",
      "NetBIOS name",
      "NetBIOS name and IP address",
      "IP address",
    ]);
    expect(rules.slice(1).some(({ required, isFixed }) => required || isFixed)).toBe(false);
    expect(json).toMatchObject({ createUnmanagedAsset: true, applyDefaultRule: true });
    expect(json["attributes"]).toContain("hostName");
  });

  it("takes back what it shows, with rules selected, reordered and added", async () => {
    await using sandbox = await startSandbox();
    const path = `connectors/${sandbox.connectorUuid}/identification`;
    const { json: shown } = await ask(sandbox, "GET", path);
    const [fixed, ...others] = shown["rules"] as object[];
    const custom = {
      name: "Name and network",
      attributes: ["netBiosName", "networkUuid"],
      required: true,
      isFixed: false,
    };
    const changed = {
      ...shown,
      rules: [fixed, custom, ...others.toReversed()],
      applyDefaultRule: false,
    };
    expect(await ask(sandbox, "PUT", path, changed)).toEqual({ status: 200, json: changed });
    expect(await ask(sandbox, "GET", path)).toEqual({ status: 200, json: changed });
  });

  it.for([
    [[{ name: "a", attributes: ["nope"], required: true }], "rules[0].attributes[0]: "],
    [[{ name: "a", attributes: [], required: true }], "rules[0].attributes: "],
    [[{ name: "a", attributes: ["fqdn", "fqdn"], required: true }], "names an attribute twice"],
    [
      ["a", "a"].map((name) => ({ name, attributes: ["fqdn"], required: true })),
      "two rules have the same name",
    ],
    [
      [{ name: "Source native key", attributes: ["fqdn"], required: true }],
      "two rules have the same name",
    ],
  ] as const)("refuses the rules %j", async ([rules, message]) => {
    await using sandbox = await startSandbox();
    const path = `connectors/${sandbox.connectorUuid}/identification`;
    const body = { rules, createUnmanagedAsset: true, applyDefaultRule: true };
    expect(await ask(sandbox, "PUT", path, body)).toMatchObject({
      status: 400,
      json: { message: expect.stringContaining(message) },
    });
  });
});
