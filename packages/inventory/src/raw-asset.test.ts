import { expect, it } from "vitest";
import { rawAssetSchema } from "./raw-asset.ts";

it("gives each field of a record our name and one shape, whatever its spelling", () => {
  const record = {
    "Host Name": 12,
    ipAddress: "10.0.0.1 10.0.0.2",
    Applications: "Python; Apache",
    findings: '[{"CVE-ID": "CVE-2020-0001", "severity": "High", "port": "22"}]',
    colour: "red",
  };
  expect(rawAssetSchema.parse(record)).toEqual({
    hostname: "12",
    ip: ["10.0.0.1", "10.0.0.2"],
    software: [{ name: "Python" }, { name: "Apache" }],
    vulnerabilities: [{ cve: ["CVE-2020-0001"], severity: 4, port: 22 }],
  });
});

it("refuses what is no record", () => {
  expect(rawAssetSchema.safeParse("text").error?.issues[0]?.message).toBe("is not an object");
});
