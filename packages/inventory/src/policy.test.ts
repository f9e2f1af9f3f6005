import { expect, it } from "vitest";
import { DEFAULT_KEY_FIELDS, mappingPolicy } from "./policy.ts";

const connectorUuid = "da4b8361-2327-4bf1-af7d-2ce775bc9882";

it("fills in the documented defaults", () => {
  expect(mappingPolicy({ connectorUuid })).toEqual({
    connectorUuid,
    keyFields: ["id", "asset_id", "uuid", "serial", "hostname", "mac", "ip"],
    hardwareUuid: "derived",
    optionalFields: [],
    dateFormat: "epoch-ms",
    macFormat: "string",
  });
  expect(DEFAULT_KEY_FIELDS).toEqual(mappingPolicy({ connectorUuid }).keyFields);
});

it("keeps what is given, and can't be changed afterwards", () => {
  const given = {
    connectorUuid: connectorUuid.toUpperCase(),
    keyFields: ["asset_tag"],
    hardwareUuid: "source-only" as const,
    optionalFields: ["coreAttributes.domain"],
    dateFormat: "iso-8601" as const,
    macFormat: "array" as const,
  };
  expect(mappingPolicy(given)).toEqual(given);
  expect(mappingPolicy(given)).toSatisfy(Object.isFrozen);
});

it.each([
  [{ connectorUuid: "mine" }, 'Cannot map with connectorUuid "mine": use the UUID'],
  [{ connectorUuid, keyFields: [] }, "Cannot map with keyFields []: name at least one field"],
  [{ connectorUuid, keyFields: ["id", " "] }, 'Cannot map with keyFields ["id"," "]'],
  [
    JSON.parse(`{"connectorUuid": "${connectorUuid}", "macFormat": "list"}`),
    'Cannot map with macFormat "list": use one of string, array',
  ],
  [
    { connectorUuid, optionalFields: ["coreAttributes.nope"] },
    'Cannot map with optionalFields "coreAttributes.nope": known are identityAttributes.hostName, ',
  ],
])("refuses %j with the remedy", (options, message) => {
  expect(() => mappingPolicy(options)).toThrow(RangeError);
  expect(() => mappingPolicy(options)).toThrow(message);
});
