import { describe, expect, it } from "vitest";
import { assetSchema } from "./asset.ts";
import { assetId, nameUuid } from "./identity.ts";
import { mappingPolicy, type MappingPolicy } from "./policy.ts";
import { transformRaw, transformRecord } from "./transform.ts";

const connectorUuid = "da4b8361-2327-4bf1-af7d-2ce775bc9882";
const policy = mappingPolicy({ connectorUuid });

/** The sample of Qualys's ETM webhook page. */
const SAMPLE = {
  hostname: "AssetNameTest",
  ip: "100.63.255.250",
  os: "Windows 7",
  memory_mb: 8192,
  software: [
    { name: "Python", version: "3" },
    { name: "Apache", version: "2.2.19" },
  ],
  vulnerabilities: [{ cve: "CVE-2008-5161", severity: 2, port: 22, protocol: "TCP" }],
};

function sent(record: unknown, options: Partial<MappingPolicy> = {}) {
  const transformed = transformRaw(record, mappingPolicy({ connectorUuid, ...options }));
  if (transformed.kind === "dead") throw new Error(transformed.message);
  const asset = assetSchema.parse(JSON.parse(transformed.body));
  // Nothing is sent that the schema does not have.
  expect(asset).toEqual(JSON.parse(transformed.body));
  return { ...transformed, asset, codes: transformed.warnings.map((warning) => warning.code) };
}

function dead(record: unknown, options: Partial<MappingPolicy> = {}) {
  const transformed = transformRaw(record, mappingPolicy({ connectorUuid, ...options }));
  if (transformed.kind !== "dead") throw new Error(`Sent as ${transformed.body}`);
  return transformed;
}

function identity(record: unknown, options: Partial<MappingPolicy> = {}) {
  return sent(record, options).asset.identityAttributes;
}

function core(record: object, options: Partial<MappingPolicy> = {}) {
  return sent({ id: "a", ...record }, options).asset.coreAttributes;
}

function findings(...vulnerabilities: readonly unknown[]) {
  return sent({ id: "a", vulnerabilities }).asset.findings ?? [];
}

describe("an asset", () => {
  it("is what the page's own transform makes of its sample, keys aside, byte for byte", () => {
    const { body, warnings } = sent(SAMPLE);
    expect(warnings).toEqual([]);
    expect(body).toBe(
      JSON.stringify({
        identityAttributes: {
          qualysAssetId: null,
          sourceNativeKey: "AssetNameTest",
          netBiosName: "AssetNameTest",
          ipAddress: ["100.63.255.250"],
          hardwareUuid: nameUuid(connectorUuid, "AssetNameTest"),
        },
        coreAttributes: {
          operatingSystem: "Windows 7",
          address: "100.63.255.250",
          netBiosName: "AssetNameTest",
          isContainer: false,
          biosInfo: { totalMemory: 8192 },
          softwares: [
            { name: "Python", version: "3", isSystemApp: false, isEnterpriseApp: false },
            { name: "Apache", version: "2.2.19", isSystemApp: false, isEnterpriseApp: false },
          ],
          ports: [{ port: 22, protocol: "TCP" }],
        },
        findings: [
          {
            id: "CVE-2008-5161",
            name: "CVE-2008-5161",
            category: "VULNERABILITY",
            severity: 2,
            port: 22,
            protocol: "TCP",
            findingStatus: "ACTIVE",
            findingType: { vulnerability: { cveId: "CVE-2008-5161" } },
          },
        ],
      }),
    );
  });

  it("is the same from a CSV row, where everything is text", () => {
    const row = {
      hostname: "AssetNameTest",
      ip: "100.63.255.250",
      os: "Windows 7",
      memory_mb: "8192",
      software: JSON.stringify(SAMPLE.software),
      vulnerabilities:
        '[{"cve": "CVE-2008-5161", "severity": "2", "port": "22", "protocol": "tcp"}]',
    };
    expect(sent(row).body).toBe(sent(SAMPLE).body);
  });

  it("leaves out what is absent, and says that only its key is known", () => {
    const absent = { ip: "", os: "N/A", memory_mb: 0, software: null, vulnerabilities: " " };
    const { body, codes } = sent({ id: "a", ...absent }, { hardwareUuid: "source-only" });
    expect(JSON.parse(body)).toEqual({
      identityAttributes: { qualysAssetId: null, sourceNativeKey: "a" },
      coreAttributes: { isContainer: false },
    });
    expect(codes).toEqual(["key-only"]);
  });

  it("keeps an empty list as an empty list", () => {
    const { asset } = sent({ id: "a", software: [], vulnerabilities: "[]", ips: [] });
    expect(asset.coreAttributes).toEqual({ isContainer: false, softwares: [], ports: [] });
    expect(asset.findings).toEqual([]);
    expect(asset.identityAttributes).not.toHaveProperty("ipAddress");
  });
});

describe("the key", () => {
  const record = { ip: "10.0.0.1", mac: "M", hostname: "H", serial: "S", uuid: "U", asset_id: "A" };

  it("is the first of the default fields that is there", () => {
    const names = ["asset_id", "uuid", "serial", "hostname", "mac", "ip"] as const;
    const keys = names.map((_, index) => {
      const rest = names.slice(index).map((name) => [name, record[name]]);
      return sent(Object.fromEntries(rest)).key;
    });
    expect(keys).toEqual(["A", "U", "S", "H", "M", "10.0.0.1"]);
    expect(sent({ ...record, id: 0 }).key).toBe("0");
  });

  it("is found under any spelling of our own names, and verbatim", () => {
    expect(sent({ "Serial Number": " s 1 " }).key).toBe(" s 1 ");
  });

  it("is passed over where it is blank, a list or an object", () => {
    expect(sent({ id: "", asset_id: "N/A", serial: ["S"], hostname: "H" }).key).toBe("H");
  });

  it("is where the connector says, in any case", () => {
    const options = { keyFields: ["asset_tag", "name"] };
    expect(sent({ id: "a", AssetTag: "T-1" }, options).key).toBe("T-1");
    expect(sent({ id: "a", hostname: "H", name: "N" }, options).key).toBe("N");
  });

  it("is needed: without one the record is dead and the message names the fields", () => {
    expect(dead({ os: "Linux" })).toEqual({
      kind: "dead",
      key: null,
      id: null,
      reason: "no-key",
      path: "",
      message:
        "Cannot identify the record: it has no id, asset_id, uuid, serial, hostname, mac, ip; add one or name the connector's key fields",
    });
  });

  it.each(["12345678901234567890", "9007199254740993", "1.10", "1e400"])(
    "that is the number %s is that to the last digit",
    (id) => {
      const one = transformRecord(
        `{"id": ${id}, "hostname": ${id}, "software": [{"name": ${id}}]}`,
        policy,
      );
      expect(one).toMatchObject({
        kind: "asset",
        key: id,
        asset: {
          identityAttributes: { netBiosName: id },
          coreAttributes: { softwares: [{ name: id }] },
        },
      });
    },
  );

  it("is refused where it can't be told from another: digits lost, broken Unicode", () => {
    expect(dead({ id: 2 ** 60 })).toMatchObject({ reason: "schema", path: "id" });
    expect(dead({ id: Infinity }).message).toContain("too large to be exact");
    expect(dead({ "Asset ID": 1e300 }).path).toBe("Asset ID");
    expect(dead({ id: "a\uD800" }).message).toBe(
      'Cannot use "a\\ud800" as a key: it is not well-formed Unicode',
    );
  });

  it("is hashed above 200 characters, and gives the id", () => {
    const { key, id } = sent({ id: "k".repeat(201) });
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(id).toEqual(assetId(key));
  });
});

describe("hardwareUuid", () => {
  const own = "4C4C4544-0051-3510-8052-B4C04F4A3632";

  it("is the source's own", () => {
    for (const name of ["hardware_uuid", "uuid", "biosUuid", "system_uuid"]) {
      const { asset, codes } = sent({ id: "a", [name]: own });
      expect(asset.identityAttributes.hardwareUuid).toBe(own.toLowerCase());
      expect(codes).toEqual([]);
    }
  });

  it("is else derived from connector and key, the same each time", () => {
    const derived = nameUuid(connectorUuid, "a");
    expect(identity({ id: "a" }).hardwareUuid).toBe(derived);
    const { asset, codes } = sent({ id: "a", hardware_uuid: "Not Specified", hostname: "h" });
    expect(asset.identityAttributes.hardwareUuid).toBe(derived);
    expect(codes).toEqual(["uuid-dropped"]);
  });

  it("can be left to the source", () => {
    const options = { hardwareUuid: "source-only" } as const;
    expect(identity({ id: "a" }, options)).not.toHaveProperty("hardwareUuid");
    expect(identity({ id: "a", uuid: own }, options).hardwareUuid).toBe(own.toLowerCase());
  });
});

describe("addresses", () => {
  it.each([
    [{ ip: ["10.0.0.2", null, "2001:DB8::1", "10.0.0.2"] }, ["10.0.0.2", "2001:db8::1"]],
    [
      { ip: "10.0.0.2, 10.0.0.1;10.0.0.3 10.0.0.4" },
      ["10.0.0.2", "10.0.0.1", "10.0.0.3", "10.0.0.4"],
    ],
    [{ ips: '["10.0.0.2"]' }, ["10.0.0.2"]],
    [{ ip: "10.0.0.2", ip_addresses: ["10.0.0.1", "10.0.0.2"] }, ["10.0.0.2", "10.0.0.1"]],
    [{ ipv4: "10.0.0.2", ipv6: "fe80::1%2" }, ["10.0.0.2", "fe80::1"]],
  ])("of %j are all sent, each once, the first as the address", (record, expected) => {
    const { asset, codes } = sent({ id: "a", ...record });
    expect(asset.identityAttributes.ipAddress).toEqual(expected);
    expect(asset.coreAttributes.address).toBe(expected[0]);
    expect(codes).toEqual([]);
  });

  it("that are none are left out with a warning, each once", () => {
    const { asset, warnings } = sent({
      id: "a",
      ip: "10.0.0.300",
      ips: ["10.0.0.300", "10.0.0.1"],
    });
    expect(asset.identityAttributes.ipAddress).toEqual(["10.0.0.1"]);
    expect(warnings).toMatchObject([
      {
        code: "address-dropped",
        message: 'Left out "10.0.0.300": it is not the address of one host',
      },
    ]);
  });
});

describe("names", () => {
  it("are sent verbatim, and a domain name as fqdn too", () => {
    expect(identity({ hostname: " web " }).netBiosName).toBe(" web ");
    expect(identity({ hostname: "web" })).not.toHaveProperty("fqdn");
    expect(identity({ hostname: "Web.example.com" })).toMatchObject({
      netBiosName: "Web.example.com",
      fqdn: "Web.example.com",
    });
    expect(identity({ hostname: "10.0.0.1" })).not.toHaveProperty("fqdn");
  });

  it("take the fqdn of the source first, if it is one", () => {
    expect(identity({ hostname: "web.local", fqdn: "web.example.com" }).fqdn).toBe(
      "web.example.com",
    );
    expect(identity({ hostname: "web", dns_name: "web.example.com" }).fqdn).toBe("web.example.com");
    const { asset, codes } = sent({ hostname: "web.local", fqdn: "web" });
    expect(asset.identityAttributes.fqdn).toBe("web.local");
    expect(codes).toEqual(["fqdn-dropped"]);
  });

  it("may be numbers", () => {
    expect(identity({ hostname: 12 }).netBiosName).toBe("12");
  });
});

describe("core attributes", () => {
  it.each([
    ["8 GB", { totalMemory: 8192 }, []],
    [8192, { totalMemory: 8192 }, []],
    ["0", undefined, []],
    ["lots", undefined, ["memory-dropped"]],
  ])("have the memory %j as %j", (memory, biosInfo, expected) => {
    const { asset, codes } = sent({ hostname: "a", memory });
    expect(asset.coreAttributes.biosInfo).toEqual(biosInfo);
    expect(codes).toEqual(expected);
  });

  it.each([
    ["Python, Apache", ["Python", "Apache"]],
    ["Foo, Inc. Suite; Bar", ["Foo, Inc. Suite", "Bar"]],
    ["Visual Studio", ["Visual Studio"]],
    [
      ["Python", null, { product: "Apache" }, "none"],
      ["Python", "Apache"],
    ],
  ])("have the software %j as %j", (software, names) => {
    expect(core({ software }).softwares?.map(({ name }) => name)).toEqual(names);
  });

  it("may be 100,000 of a kind, and no more: a short text of commas could fill a worker's memory", () => {
    expect(core({ software: "a,".repeat(99_999) }).softwares).toHaveLength(99_999);
    for (const software of ["a,".repeat(500_000), Array.from({ length: 100_001 }, () => "a")]) {
      expect(dead({ id: "a", software })).toMatchObject({
        reason: "schema",
        path: "software",
        message: "Cannot map software: a list has more than 100000 entries; split the record",
      });
    }
  });

  it("leave out software without a name, with a warning", () => {
    const { asset, codes } = sent({ hostname: "a", software: [{ version: 3 }, {}, { name: "b" }] });
    expect(asset.coreAttributes.softwares).toHaveLength(1);
    expect(codes).toEqual(["software-dropped", "software-dropped"]);
  });

  it("have each pair of port and protocol once", () => {
    const at = (port: unknown, protocol?: string) => ({ cve: "CVE-2020-0001", port, protocol });
    const vulnerabilities = [at(22, "tcp"), at("22", "TCP"), at(53, "udp"), at(53, "tcp"), at(80)];
    expect(core({ vulnerabilities }).ports).toEqual([
      { port: 22, protocol: "TCP" },
      { port: 53, protocol: "UDP" },
      { port: 53, protocol: "TCP" },
      { port: 80 },
    ]);
  });
});

describe("findings", () => {
  it("without a port have no protocol, and open no port", () => {
    const vulnerabilities = [
      { cve: "CVE-2020-0001", protocol: "TCP" },
      { cve: "CVE-2020-0001", port: 0, protocol: "TCP" },
    ];
    const { asset } = sent({ id: "a", vulnerabilities });
    expect(asset.coreAttributes.ports).toEqual([]);
    for (const finding of asset.findings ?? []) {
      expect(Object.keys(finding)).toEqual([
        "id",
        "name",
        "category",
        "findingStatus",
        "findingType",
      ]);
    }
  });

  it.each([
    [5, 5],
    ["3", 3],
    ["2.0", 2],
    ["Critical", 5],
    ["high", 4],
    ["MEDIUM", 3],
    [" low ", 2],
    ["info", 1],
    ["Informational", 1],
    ["", undefined],
  ])("of severity %j have %j", (severity, expected) => {
    expect(findings({ cve: "CVE-2020-0001", severity })[0]?.severity).toBe(expected);
  });

  it.each([
    ["active", "ACTIVE"],
    ["Open", "ACTIVE"],
    ["new", "ACTIVE"],
    ["Re-Opened", "ACTIVE"],
    ["", "ACTIVE"],
    ["Fixed", "FIXED"],
    ["closed", "FIXED"],
    ["RESOLVED", "FIXED"],
  ])("of status %j are %s", (status, expected) => {
    expect(findings({ cve: "CVE-2020-0001", status })[0]?.findingStatus).toBe(expected);
  });

  it.each(["cve", "cve_id", "cveId", "id", "CVE"])("have their CVE in %s", (name) => {
    expect(findings({ [name]: "cve-2020-0001" })[0]?.id).toBe("CVE-2020-0001");
  });

  it("are one for each CVE", () => {
    const ids = findings({ cves: ["CVE-2020-0001", null] }, { cve: "CVE-2020-0002,CVE-2020-0003" });
    expect(ids.map(({ id }) => id)).toEqual(["CVE-2020-0001", "CVE-2020-0002", "CVE-2020-0003"]);
  });

  it("without a CVE are left out with a warning", () => {
    const vulnerabilities = [
      { id: "QID-38170", port: 22, protocol: "TCP" },
      { id: 38170 },
      { severity: 3 },
      null,
      { cve: "CVE-2020-0001 QID-1" },
    ];
    const { asset, warnings } = sent({ hostname: "a", vulnerabilities });
    expect(asset.findings?.map(({ id }) => id)).toEqual(["CVE-2020-0001"]);
    expect(asset.coreAttributes.ports).toEqual([{ port: 22, protocol: "TCP" }]);
    expect(warnings).toMatchObject([
      { code: "finding-not-cve", message: 'Left out "QID-38170": it has no CVE id' },
      { code: "finding-not-cve", message: 'Left out "38170": it has no CVE id' },
      { code: "finding-not-cve", message: 'Left out "": it has no CVE id' },
      { code: "finding-not-cve", message: 'Left out "QID-1": it has no CVE id' },
    ]);
  });
});

describe("a dead letter", () => {
  const cve = "CVE-2020-0001";

  it.each([
    [{ software: 5 }, "software", "Cannot map software: 5 is not a list"],
    [{ Packages: [1] }, "Packages[0]", "1 is neither an object nor a name"],
    [{ software: [{ name: {} }] }, "software[0].name", "an object is neither text nor a number"],
    [{ vulnerabilities: "none yet" }, "vulnerabilities", '"none yet" is not a list'],
    [{ vulnerabilities: "[{" }, "vulnerabilities", '"[{" is not a list'],
    [{ vulnerabilities: { cve } }, "vulnerabilities", "an object is not a list"],
    [{ vulns: [{ cve }, null, "x"] }, "vulns[2]", '"x" is not an object'],
    [{ vulns: [{ cve, Severity: 6 }] }, "vulns[0].Severity", "6 is not a severity"],
    [{ vulns: [{ cve, severity: 0 }] }, "vulns[0].severity", "0 is not a severity"],
    [{ vulns: [{ cve, severity: 7.5 }] }, "vulns[0].severity", "7.5 is not a severity"],
    [{ vulns: [{ cve, severity: "constructor" }] }, "vulns[0].severity", "use 1 to 5, or critical"],
    [{ vulns: [{ cve, severity: [] }] }, "vulns[0].severity", "a list is neither text nor a"],
    [{ vulns: [{ cve, port: 65_536 }] }, "vulns[0].port", "65536 is not a port"],
    [{ vulns: [{ cve, port: "ssh" }] }, "vulns[0].port", '"ssh" is not a port'],
    [{ vulns: [{ cve, status: "risky" }] }, "vulns[0].status", '"risky" is not a status'],
    [{ findings: `[{"cve": 1, "severity": 9}]` }, "findings[0].severity", "9 is not a severity"],
    [{ ip: { v4: "10.0.0.1" } }, "ip", "an object is not a list"],
    [{ ip_address: [{}] }, "ip_address[0]", "an object is neither text nor a number"],
    [{ computer_name: true }, "computer_name", "true is neither text nor a number"],
    [{ os: "x", memory: [] }, "memory", "a list is neither text nor a number"],
  ])("of %j says where, what and what instead", (record, path, message) => {
    const letter = dead({ id: "a", ...record });
    expect(letter).toMatchObject({ key: "a", id: assetId("a"), reason: "schema", path });
    expect(letter.message).toContain(message);
    expect(letter.message).toContain(`Cannot map ${path}: `);
  });

  it.each([
    ["", "Cannot read the record: it is not JSON"],
    ['{"id": 1', "Cannot read the record: it is not JSON"],
    ["[1]", "Cannot map a list: a record is a JSON object"],
    ["null", "Cannot map null: a record is a JSON object"],
    ['"text"', 'Cannot map "text": a record is a JSON object'],
    ["[".repeat(100_000), "Cannot read the record: it is not JSON"],
  ])("of the text %j says that it is no record", (text, message) => {
    expect(transformRecord(text, policy)).toEqual({
      kind: "dead",
      key: null,
      id: null,
      reason: "malformed",
      path: "",
      message: expect.stringContaining(message),
    });
  });

  it("is made of a record beyond the bounds", () => {
    const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    const deep = (levels: number) => transformRecord(`{"id":"a","x":${nested(levels)}}`, policy);
    expect(deep(63)).toMatchObject({ kind: "asset" });
    expect(deep(64)).toMatchObject({ kind: "dead", reason: "too-large" });
    expect(deep(100_000)).toMatchObject({ kind: "dead", reason: "too-large" });
    const deepNumber = `{"id":"a","x":${"[".repeat(100_000)}1.10${"]".repeat(100_000)}}`;
    expect(transformRecord(deepNumber, policy)).toMatchObject({ reason: "too-large" });
    const long = transformRecord(JSON.stringify({ id: "a", x: "x".repeat(4_000_000) }), policy);
    expect(long).toMatchObject({ kind: "dead", reason: "too-large" });
  });

  it("cuts a long value", () => {
    const { message } = dead({ id: "a", vulns: "x".repeat(1000) });
    expect(message.length).toBeLessThan(150);
  });
});

describe("optional fields", () => {
  const record = {
    id: "a",
    hostname: "web.example.com",
    macs: ["00-50-56-81-01-e3", "E4CE8F490D7C", "junk"],
    serial: 42,
    instance_id: "i-1",
    network_uuid: "n-1",
    domain: "CORP",
    os_version: "10",
    arch: "x64",
    last_user: "kim",
    first_seen: "2020-12-20",
    last_seen: 1_608_432_663,
    asset_tag: "T-1",
    rack: 7,
    virtual: true,
    tags: ["x"],
    blank: "",
  };

  it("are not sent unless named, whatever they hold", () => {
    const odd = { serial: {}, domain: [], os_version: true, last_seen: "?", created: {} };
    expect(sent({ id: "a", hostname: "h", ...odd }).body).toBe(
      sent({ id: "a", hostname: "h" }).body,
    );
  });

  it.each([
    ["identityAttributes.hostName", "web.example.com"],
    ["identityAttributes.macAddress", "00:50:56:81:01:E3"],
    ["identityAttributes.serialNumber", "42"],
    ["identityAttributes.instanceUuid", "i-1"],
    ["identityAttributes.networkUuid", "n-1"],
    ["coreAttributes.hostName", "web.example.com"],
    ["coreAttributes.dnsName", "web.example.com"],
    ["coreAttributes.fqdn", "web.example.com"],
    ["coreAttributes.domain", "CORP"],
    ["coreAttributes.osVersion", "10"],
    ["coreAttributes.osArchitecture", "x64"],
    ["coreAttributes.lastLoggedOnUser", "kim"],
    ["coreAttributes.sourceCreatedDate", 1_608_422_400_000],
    ["coreAttributes.sourceLastUpdatedDate", 1_608_432_663_000],
    ["coreAttributes.customConnectorAttributes", { asset_tag: "T-1", rack: "7", virtual: "true" }],
  ])("have %s as %j", (path, value) => {
    const { asset, codes } = sent(record, { optionalFields: [path] });
    expect(asset).toHaveProperty(path, value);
    expect(codes).toEqual(["mac-dropped"]);
    const bare = sent({ id: "a" }, { optionalFields: [path] });
    expect(bare.asset).not.toHaveProperty(path);
    expect(bare.codes).toEqual(["key-only"]);
  });

  it("are left out with a warning where they hold the wrong thing", () => {
    const optionalFields = ["coreAttributes.domain", "coreAttributes.sourceCreatedDate"];
    const odd = { id: "a", hostname: "h", domain: 2 ** 60, created: "last week" };
    expect(sent(odd, { optionalFields }).warnings).toMatchObject([
      {
        code: "optional-field-dropped",
        message: 'Left out "coreAttributes.domain": it is not what the optional field takes',
      },
      {
        code: "optional-field-dropped",
        message:
          'Left out "coreAttributes.sourceCreatedDate": it is not what the optional field takes',
      },
    ]);
  });

  it("may have all MAC addresses as a list, and dates in another form", () => {
    const { asset } = sent(record, {
      optionalFields: ["identityAttributes.macAddress", "coreAttributes.sourceCreatedDate"],
      macFormat: "array",
      dateFormat: "iso-8601",
    });
    expect(asset.identityAttributes.macAddress).toEqual(["00:50:56:81:01:E3", "E4:CE:8F:49:0D:7C"]);
    expect(asset.coreAttributes.sourceCreatedDate).toBe("2020-12-20T00:00:00.000Z");
  });

  it("count as identity", () => {
    const { codes } = sent(
      { serial: "S" },
      { optionalFields: ["identityAttributes.serialNumber"] },
    );
    expect(codes).toEqual([]);
  });
});

it("takes nothing for no record", () => {
  expect(dead(undefined).message).toBe("Cannot map nothing: a record is a JSON object");
});

it("sends NUL and broken Unicode in a value as JSON escapes", () => {
  const { body } = sent({ id: "a", os: "\u0000\uD800" });
  expect(body).toContain('"operatingSystem":"\\u0000\\ud800"');
});

it("takes __proto__ for a name like any other", () => {
  const text =
    '{"id": "a", "__proto__": {"ip": "10.0.0.1"}, "vulns": [{"__proto__": "CVE-2020-0001"}]}';
  const transformed = transformRecord(text, policy);
  expect(transformed).toMatchObject({ kind: "asset", asset: { findings: [] } });
  expect(transformed).not.toHaveProperty("asset.coreAttributes.address", "10.0.0.1");
  const optionalFields = ["coreAttributes.customConnectorAttributes"];
  const odd = transformRaw(
    JSON.parse('{"id": "a", "__proto__": "x"}'),
    mappingPolicy({ connectorUuid, optionalFields }),
  );
  expect(odd).toHaveProperty("body", expect.stringContaining('{"__proto__":"x"}'));
});
