import { constants, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { sampleInventory, sampleLines } from "./sample.ts";
import type { SampleProfile } from "./sample.ts";

interface Sample {
  id: string;
  hostname?: string;
  ip?: string;
  mac: string;
  serial: string;
  software: { name: string; version: string }[];
  vulnerabilities: { cve: string; severity: number; port?: number; protocol?: string }[];
}

const PROFILES: readonly SampleProfile[] = ["low-entropy", "high-entropy"];

function sample(assets: number, seed: number, profile: SampleProfile): Sample[] {
  return [...sampleLines({ assets, seed, profile })].map((line): Sample => JSON.parse(line));
}

function sizes(profile: SampleProfile): { rawBytes: number; compressedBytes: number } {
  const lines = [...sampleLines({ assets: 5000, seed: 1, profile })];
  const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
  let rawBytes = 0;
  let compressedBytes = 0;
  for (let start = 0; start < lines.length; start += 250) {
    const chunk = Buffer.from(lines.slice(start, start + 250).join("\n"));
    rawBytes += chunk.length / lines.length;
    compressedBytes += zstdCompressSync(chunk, level).length / lines.length;
  }
  return { rawBytes, compressedBytes };
}

describe.each(PROFILES)("the sample inventory of %s", (profile) => {
  const assets = sample(5000, 7, profile);

  it("is the same for the same seed, and another one for another seed", () => {
    expect(sample(5000, 7, profile)).toEqual(assets);
    expect(sample(5000, 8, profile)).not.toEqual(assets);
  });

  it("begins with the shorter inventory of the same seed", () => {
    expect(sample(10, 7, profile)).toEqual(assets.slice(0, 10));
  });

  it.each(["id", "hostname", "ip", "mac", "serial"] as const)("has no %s twice", (field) => {
    const values = assets.map((asset) => asset[field]).filter((value) => value !== undefined);
    expect(new Set(values).size).toBe(values.length);
    expect(values.length).toBeGreaterThan(4700);
  });

  it("has some assets without host name, without address and without findings", () => {
    expect(assets.some((asset) => asset.hostname === undefined)).toBe(true);
    expect(assets.some((asset) => asset.ip === undefined)).toBe(true);
    expect(assets.some((asset) => asset.vulnerabilities.length === 0)).toBe(true);
  });

  it("has addresses, MACs, CVE ids, severities and ports of the right form", () => {
    const findings = assets.flatMap((asset) => asset.vulnerabilities);
    const addresses = assets.flatMap((asset) => asset.ip ?? []);
    const macs = assets.map((asset) => asset.mac);
    expect(addresses.filter((ip) => !/^10\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(ip))).toEqual([]);
    expect(addresses.filter((ip) => /\.(0|255)$/.test(ip))).toEqual([]);
    expect(macs.filter((mac) => !/^([0-9A-F]{2}:){5}[0-9A-F]{2}$/.test(mac))).toEqual([]);
    expect(findings.filter(({ cve }) => !/^CVE-\d{4}-\d{4,}$/.test(cve))).toEqual([]);
    expect(findings.filter(({ severity }) => ![1, 2, 3, 4, 5].includes(severity))).toEqual([]);
    expect(findings.filter(({ port = 1 }) => port < 1 || port > 65_535)).toEqual([]);
  });

  it("comes as JSON lines of the same assets", () => {
    expect([...sampleInventory({ assets: 100, seed: 7, profile })]).toEqual(assets.slice(0, 100));
  });
});

describe("the profiles", () => {
  it("low-entropy takes about 0.5 KB raw and less than 70 bytes compressed", () => {
    const { rawBytes, compressedBytes } = sizes("low-entropy");
    expect(rawBytes).toBeGreaterThan(450);
    expect(rawBytes).toBeLessThan(550);
    expect(compressedBytes).toBeLessThan(70);
  });

  it("high-entropy takes about 0.7 KB raw and more than 140 bytes compressed", () => {
    const { rawBytes, compressedBytes } = sizes("high-entropy");
    expect(rawBytes).toBeGreaterThan(650);
    expect(rawBytes).toBeLessThan(800);
    expect(compressedBytes).toBeGreaterThan(140);
    expect(compressedBytes).toBeLessThan(200);
  });
});

describe("sampleInventory", () => {
  it.each([-1, 1.5, 16_646_145, Number.NaN])("refuses to make %d assets", (assets) => {
    const options = { assets, seed: 1, profile: "low-entropy" } as const;
    expect(() => sampleInventory(options).next()).toThrow(RangeError);
  });
});
