import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";
import { hostLines, openPlace, type Place } from "./support/sluice.ts";

const EXAMPLES = join(ROOT, "examples");
const DEVICES = join(EXAMPLES, "devices.csv");
const MAPPING = join(EXAMPLES, "devices.mapping.yaml");
const REAL_DEVICES = join(ROOT, "../shared/data/devices.csv");

/** The sandbox's record of an asset, as it was delivered. */
function delivered(place: Place, key: string): unknown {
  const { sandbox } = place;
  return JSON.parse(sandbox.asset(sandbox.connectorUuid, key)?.received ?? "null");
}

async function push(place: Place, file: string, mapping: string, ...flags: string[]) {
  const ended = await place.run(["push", file, "--mapping", mapping, "--json", ...flags]);
  return { ...ended, report: JSON.parse(ended.stdout || "{}") as Record<string, unknown> };
}

describe("sluice push --mapping", () => {
  it("delivers a CSV mapped declaratively, with custom attributes", async () => {
    await using place = await openPlace();
    const { exitCode, report } = await push(place, DEVICES, MAPPING);
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ read: 60, delivered: 60, dead: 0 });
    expect(delivered(place, "NET-1006")).toMatchObject({
      identityAttributes: { sourceNativeKey: "NET-1006", netBiosName: "ber-rtr01" },
      coreAttributes: {
        operatingSystem: "Cisco IOS XE 17.9",
        sourceLastUpdatedDate: Date.UTC(2026, 9, 15),
        customConnectorAttributes: { lifecycle: "In use", site: "BER", role: "Router" },
      },
    });
    expect(delivered(place, "NET-1005")).toMatchObject({
      coreAttributes: {
        operatingSystem: "Unknown",
        customConnectorAttributes: { site: "AMS", role: "Other" },
      },
    });
  });

  it("sends again exactly the assets whose bytes a changed mapping changes", async () => {
    await using place = await openPlace();
    await push(place, DEVICES, MAPPING);
    const text = await readFile(MAPPING, "utf8");
    await place.write("changed.yaml", text.replace("rtr: Router", "rtr: Gateway"));
    const changed = join(place.dir, "changed.yaml");
    const planned = await push(place, DEVICES, changed, "--dry-run");
    expect(planned.report).toMatchObject({ new: 0, changed: 12, unchanged: 48 });
    const before = place.sandbox.calls.length;
    const { report } = await push(place, DEVICES, changed);
    expect(report).toMatchObject({ read: 60, delivered: 12, unchanged: 48, dead: 0 });
    const sent = place.sandbox.calls.slice(before).flatMap(({ keys }) => keys);
    const routers = (await readFile(DEVICES, "utf8")).match(/^NET-\d+(?=;\w+-rtr)/gim);
    expect(sent).toHaveLength(12);
    expect(new Set(sent)).toEqual(new Set(routers));
    expect(delivered(place, "NET-1006")).toMatchObject({
      coreAttributes: { customConnectorAttributes: { role: "Gateway" } },
    });
  });

  it.skipIf(!existsSync(REAL_DEVICES))(
    "delivers a real inventory with custom attributes, and of a changed mapping what it changes",
    async () => {
      await using place = await openPlace();
      const mapping = [
        "fields: { id: id, hostname: hostname, os: { expr: os, default: Unknown }, last_seen: last_seen }",
        "customAttributes:",
        "  lifecycle: { expr: status, lookup: { active: In use, offline: Out of service } }",
        "  site: $split(hostname, '-')[1]",
        "  role:",
        "    expr: $match(hostname, /-([a-z]+)[0-9]*$/).groups[0]",
        "    lookup: { rtr: Router, sw: Switch, pdu: Power distribution }",
        "    default: Other",
      ].join("\n");
      await place.write("m.yaml", mapping);
      const { report } = await push(place, REAL_DEVICES, "m.yaml");
      expect(report).toMatchObject({ read: 72, delivered: 72, dead: 0 });
      expect(delivered(place, "netbox-device-2")).toMatchObject({
        identityAttributes: { netBiosName: "dmi01-albany-rtr01" },
        coreAttributes: {
          operatingSystem: "Cisco IOS",
          sourceLastUpdatedDate: 1_608_432_692_863,
          customConnectorAttributes: { lifecycle: "In use", site: "albany", role: "Router" },
        },
      });
      await place.write("m.yaml", mapping.replace("rtr: Router", "rtr: Gateway"));
      const again = await push(place, REAL_DEVICES, "m.yaml");
      expect(again.report).toMatchObject({ read: 72, delivered: 13, unchanged: 59, dead: 0 });
    },
  );

  it("makes dead letters of records that can't be mapped, with the place, and delivers the others", async () => {
    await using place = await openPlace();
    await place.write(
      "hosts.ndjson",
      `${hostLines(2)}{"id":"host-3","hostname":"h","os":"BeOS"}\n`,
    );
    await place.write("m.yaml", "fields:\n  id: id\n  os: {expr: os, lookup: {debian 12: D}}\n");
    const { exitCode, report } = await push(place, "hosts.ndjson", "m.yaml");
    expect(exitCode).toBe(3);
    expect(report).toMatchObject({ delivered: 2, dead: 1 });
    const { stdout } = await place.run(["dead", "show", "host-3", "--json"]);
    const message = expect.stringContaining("fields.os.expr") as string;
    expect(JSON.parse(stdout)).toMatchObject({
      letters: [{ path: "os", reason: "schema", source: "hosts.ndjson", message }],
    });
  });

  it("maps a replayed dead letter as the corrected mapping does", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(1));
    await place.write("m.yaml", "fields:\n  id: id\n  os: {expr: os, lookup: {}}\n");
    expect((await push(place, "hosts.ndjson", "m.yaml")).report).toMatchObject({ dead: 1 });
    await place.write("m.yaml", "fields:\n  id: id\n  os: {expr: os, lookup: {debian 12: D}}\n");
    const env = { ...place.env, SLUICE_MAPPING: "m.yaml" };
    expect((await place.run(["dead", "replay", "--all"], { env })).exitCode).toBe(0);
    expect((await place.run(["drain"], { env })).exitCode).toBe(0);
    expect(delivered(place, "host-1")).toMatchObject({ coreAttributes: { operatingSystem: "D" } });
    const left = await place.run(["dead", "list", "--json"], { env });
    expect(JSON.parse(left.stdout)).toMatchObject({ letters: [] });
  });

  it("takes a module, whose errors are dead letters and whose prints no results, as every role does by SLUICE_MAPPING", async () => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(3));
    await place.write(
      "hosts.mapping.ts",
      `import { defineMapping, type MappedFields } from "@sluice/mapping";
       console.log("loaded");
       export const mapping = defineMapping({
         map({ id, os }): MappedFields {
           console.info("mapping", id);
           if (id === "host-2") throw new Error("no owner");
           return { id: "ts-" + String(id), os: String(os), customAttributes: { by: "module" } };
         },
       });\n`,
    );
    const env = { ...place.env, SLUICE_MAPPING: "hosts.mapping.ts" };
    const { exitCode, stdout, stderr } = await place.run(["push", "hosts.ndjson", "--json"], {
      env,
    });
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ delivered: 2, dead: 1 });
    expect(stderr).toMatch(/^loaded\n[^]*^mapping host-3$/m);
    expect(delivered(place, "ts-host-1")).toMatchObject({
      coreAttributes: { customConnectorAttributes: { by: "module" } },
    });
    expect(place.sandbox.count()).toBe(2);
  });

  it.for([
    ["{ map: 5 }", "it exports none"],
    ["{ map: () => ({}), tests: [{ asset: {} }, 5] }", "tests[0].input"],
  ] as const)("begins nothing with a module that exports %s", async ([mapping, message]) => {
    await using place = await openPlace();
    await place.write("hosts.ndjson", hostLines(1));
    await place.write("m.ts", `export const mapping = ${mapping};\n`);
    const { exitCode, stderr } = await push(place, "hosts.ndjson", "m.ts");
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it("shows with --dry-run what would be sent, and sends nothing", async () => {
    await using place = await openPlace();
    const { report } = await push(place, DEVICES, MAPPING, "--dry-run", "--first", "3");
    expect(report).toMatchObject({ read: 3, new: 3 });
    expect(JSON.stringify(report)).toContain('"role":"Router"');
    expect(place.sandbox.calls).toEqual([]);
  });

  it.for([
    ["fields:\n  id: a.(b\n", "m.yaml:2:10: fields.id: Expected"],
    ["fields:\n  id: a\n  hostnme: b\n", "m.yaml:3:12: fields.hostnme: There is no such field"],
    ["fields: {id: [\n", "m.yaml:2:1: "],
  ] as const)("begins nothing with a mistake: %j", async ([text, message]) => {
    await using place = await openPlace();
    await place.write("m.yaml", text);
    await place.write("hosts.ndjson", hostLines(1));
    const { exitCode, stderr } = await push(place, "hosts.ndjson", "m.yaml");
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(place.sandbox.calls).toEqual([]);
  });
});

describe("sluice mapping", () => {
  it("test runs the tests of a mapping, without any configuration", async () => {
    await using place = await openPlace();
    const args = ["mapping", "test", "--mapping"];
    const passed = await place.run([...args, MAPPING, "--json"], { env: {} });
    expect(passed.exitCode).toBe(0);
    expect(JSON.parse(passed.stdout)).toMatchObject({ passed: 3, failed: 0 });
    const text = await readFile(MAPPING, "utf8");
    await place.write("bad.yaml", text.replace("role: Other }", "role: Others }"));
    const failed = await place.run([...args, "bad.yaml"], { env: {} });
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toContain(
      'FAILED  a device of a kind we do not know\n  coreAttributes.customConnectorAttributes.role\n    - "Others"\n    + "Other"\n',
    );
  });

  it("try shows one record before and after, and errors at their place", async () => {
    await using place = await openPlace();
    const args = ["mapping", "try", DEVICES, "--json"];
    const built = await place.run([...args, "--line", "3"], { env: {} });
    expect(JSON.parse(built.stdout)).toMatchObject({
      line: 3,
      before: { asset_no: "NET-1002" },
      asset: { identityAttributes: { sourceNativeKey: "SN34838AM" } },
    });
    await place.write(
      "m.yaml",
      "fields:\n  id: asset_no\n  fqdn: $number(device)\n  os: { value: [a] }\n",
    );
    const dead = await place.run([...args, "--mapping", "m.yaml"], { env: {} });
    expect(dead.exitCode).toBe(3);
    expect(JSON.parse(dead.stdout)).toMatchObject({
      line: 2,
      dead: {
        reason: "schema",
        errors: [
          {
            path: "",
            mapping: "m.yaml:3",
            message: expect.stringContaining("cast") as string,
          },
          { path: "os", mapping: "m.yaml:4" },
        ],
      },
    });
    const shown = await place.run([...args.slice(0, -1), "--mapping", "m.yaml"], { env: {} });
    expect(shown.stdout).toMatch(
      /^dead \(schema\), made by m\.yaml:3: Cannot map fqdn .*\ndead \(schema\) at os, made by m\.yaml:4: /m,
    );
  });
});
