import { describe, expect, it } from "vitest";
import {
  ASSET_NAMES,
  ASSET_TABLE,
  isAbsent,
  isKnownName,
  nameOf,
  readFields,
  valueOf,
} from "./field-names.ts";

const SPELLINGS = {
  hostname: "hostname host_name hostName name computer_name dns_name HOST-NAME",
  fqdn: "fqdn FQDN",
  ip: "ip ip_address ipAddress ips ip_addresses ipv4 ipv6",
  mac: "mac mac_address macAddress macs",
  serial: "serial serial_number serialNumber",
  os: "os operating_system operatingSystem os_name",
  memory_mb: "memory_mb memory total_memory ram_mb",
  last_seen: "last_seen lastSeen updated_at",
  software: "software softwares applications packages",
  vulnerabilities: "vulnerabilities vulns findings",
  hardware_uuid: "hardware_uuid uuid bios_uuid system_uuid",
};

describe("readFields", () => {
  for (const [field, names] of Object.entries(SPELLINGS)) {
    it.each(names.split(" "))(`reads ${field} from %s`, (name) => {
      expect(readFields({ [name]: "x" }, ASSET_TABLE)).toMatchObject({ [field]: "x" });
    });
  }

  it("compares names without regard to case, spaces, dashes and underscores", () => {
    expect(readFields({ "IP Address": "10.0.0.1" }, ASSET_TABLE)).toEqual({ ip: "10.0.0.1" });
  });

  it("takes the first name of a field's list that holds something, whatever their order", () => {
    const record = { dns_name: "c", name: "b", hostname: "N/A" };
    expect(readFields(record, ASSET_TABLE)["hostname"]).toBe("b");
    const backwards = Object.fromEntries(Object.entries(record).toReversed());
    expect(readFields(backwards, ASSET_TABLE)["hostname"]).toBe("b");
  });

  it("chooses among spellings of one name without regard to their order", () => {
    const one = readFields({ ipAddress: "1", ip_address: "2" }, ASSET_TABLE);
    const other = readFields({ ip_address: "2", ipAddress: "1" }, ASSET_TABLE);
    expect(one).toEqual(other);
  });

  it("leaves out what it does not know", () => {
    const record = JSON.parse(
      '{"__proto__": {"hostname": "x"}, "constructor": "y", "colour": "z"}',
    );
    expect(readFields(record, ASSET_TABLE)).toEqual({});
  });

  it("has no name in the list of one field twice", () => {
    for (const names of Object.values(ASSET_NAMES)) expect(new Set(names).size).toBe(names.length);
  });
});

it.each(["", "  ", "-", "--", "N/A", "#n/a", "NaN", "nil", "None", " null ", "undefined", null])(
  "takes %j for nothing",
  (value) => {
    expect(isAbsent(value)).toBe(true);
  },
);

it.each(["no", "0", 0, false, "unknown", " ".repeat(20) + "x", []])(
  "takes %j for something",
  (value) => {
    expect(isAbsent(value)).toBe(false);
  },
);

it("knows a name in any spelling", () => {
  expect(isKnownName("Serial Number", ASSET_TABLE)).toBe(true);
  expect(isKnownName("asset_tag", ASSET_TABLE)).toBe(false);
});

it("names a field as the record does, or else as we do", () => {
  expect(nameOf("hostname", { "Host Name": "a" }, ASSET_TABLE)).toBe("Host Name");
  expect(nameOf("hostname", {}, ASSET_TABLE)).toBe("hostname");
  expect(nameOf("hostname", "text", ASSET_TABLE)).toBe("hostname");
});

it("finds the value of a name outside the tables in any spelling, the exact one first", () => {
  expect(valueOf({ "Asset Tag": "a" }, "asset_tag")).toBe("a");
  expect(valueOf({ "Asset Tag": "a", asset_tag: "b" }, "asset_tag")).toBe("b");
  expect(valueOf({ "Asset Tag": "a", asset_tag: "" }, "asset_tag")).toBe("a");
  expect(valueOf({ assetTag: "a", "Asset Tag": "b" }, "asset_tag")).toBe("b");
  expect(valueOf({}, "toString")).toBeUndefined();
});
