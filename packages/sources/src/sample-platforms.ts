/** A program as a platform's assets may have it; `version` is the part that all its releases share. */
export interface SampleProgram {
  name: string;
  version: string;
}

/** A finding that occurs on a platform. Without port, it is one of the software itself. */
export interface SampleFinding {
  cve: string;
  severity: 1 | 2 | 3 | 4 | 5;
  port?: number;
  protocol?: "TCP" | "UDP";
}

/** A kind of asset: what its records have in common. */
export interface SamplePlatform {
  /** How often it occurs, in per cent. */
  weight: number;
  os: string;
  /** The first part of its host names. */
  prefix: string;
  /** The first three bytes of its MAC addresses, as the IEEE has assigned them to the vendor. */
  vendorPrefix: string;
  /** The first part of its serial numbers. */
  serialPrefix: string;
  memoryMb: number;
  programs: readonly SampleProgram[];
  findings: readonly SampleFinding[];
}

/** The assets of a company of some size, with weaknesses that such platforms have really had. */
export const samplePlatforms: readonly [SamplePlatform, ...SamplePlatform[]] = [
  {
    weight: 36,
    os: "Windows 11 Enterprise 23H2",
    prefix: "lt",
    vendorPrefix: "D4:BE:D9", // Dell
    serialPrefix: "DL",
    memoryMb: 16384,
    programs: [
      { name: "Google Chrome", version: "124.0.6367" },
      { name: "Microsoft 365 Apps for enterprise", version: "16.0.17531" },
      { name: "Microsoft Edge", version: "124.0.2478" },
      { name: "Zoom Workplace", version: "6.0.10" },
      { name: "7-Zip", version: "23.01" },
      { name: "Adobe Acrobat Reader", version: "24.002.20687" },
    ],
    findings: [
      { cve: "CVE-2023-4863", severity: 5 },
      { cve: "CVE-2024-30051", severity: 4 },
      { cve: "CVE-2023-36884", severity: 4 },
      { cve: "CVE-2016-2183", severity: 3, port: 3389, protocol: "TCP" },
    ],
  },
  {
    weight: 14,
    os: "Windows Server 2019 Standard",
    prefix: "srv-win",
    vendorPrefix: "00:50:56", // VMware
    serialPrefix: "VMware-56",
    memoryMb: 32768,
    programs: [
      { name: "Microsoft SQL Server 2019", version: "15.0.4355" },
      { name: "Microsoft .NET Runtime", version: "8.0.4" },
      { name: "VMware Tools", version: "12.3.5" },
      { name: "Notepad++", version: "8.6.5" },
    ],
    findings: [
      { cve: "CVE-2019-0708", severity: 5, port: 3389, protocol: "TCP" },
      { cve: "CVE-2020-0796", severity: 5, port: 445, protocol: "TCP" },
      { cve: "CVE-2021-34527", severity: 5 },
      { cve: "CVE-2016-2183", severity: 3, port: 443, protocol: "TCP" },
      { cve: "CVE-2013-2566", severity: 3, port: 1433, protocol: "TCP" },
    ],
  },
  {
    weight: 22,
    os: "Ubuntu Linux 22.04.4 LTS",
    prefix: "srv-lnx",
    vendorPrefix: "00:16:3E", // Xen
    serialPrefix: "ec2",
    memoryMb: 8192,
    programs: [
      { name: "openssh-server", version: "1:8.9p1" },
      { name: "nginx", version: "1.18.0" },
      { name: "openssl", version: "3.0.2" },
      { name: "python3", version: "3.10.12" },
      { name: "sudo", version: "1.9.9" },
      { name: "curl", version: "7.81.0" },
    ],
    findings: [
      { cve: "CVE-2024-6387", severity: 4, port: 22, protocol: "TCP" },
      { cve: "CVE-2023-38408", severity: 4, port: 22, protocol: "TCP" },
      { cve: "CVE-2022-0778", severity: 3, port: 443, protocol: "TCP" },
      { cve: "CVE-2021-3156", severity: 4 },
      { cve: "CVE-2023-38545", severity: 4 },
    ],
  },
  {
    weight: 8,
    os: "Red Hat Enterprise Linux 8.9",
    prefix: "db",
    vendorPrefix: "AC:1F:6B", // Super Micro
    serialPrefix: "SM",
    memoryMb: 131072,
    programs: [
      { name: "openssh-server", version: "8.0p1" },
      { name: "postgresql-server", version: "13.14" },
      { name: "java-17-openjdk", version: "17.0.11" },
      { name: "log4j", version: "2.14.1" },
    ],
    findings: [
      { cve: "CVE-2021-44228", severity: 5, port: 8080, protocol: "TCP" },
      { cve: "CVE-2022-0847", severity: 4 },
      { cve: "CVE-2023-48795", severity: 3, port: 22, protocol: "TCP" },
      { cve: "CVE-2024-0985", severity: 3, port: 5432, protocol: "TCP" },
    ],
  },
  {
    weight: 9,
    os: "macOS 14.4.1",
    prefix: "mac",
    vendorPrefix: "A4:83:E7", // Apple
    serialPrefix: "C02",
    memoryMb: 16384,
    programs: [
      { name: "Google Chrome", version: "124.0.6367" },
      { name: "Slack", version: "4.38.121" },
      { name: "Xcode", version: "15.3" },
      { name: "Firefox", version: "125.0.2" },
    ],
    findings: [
      { cve: "CVE-2023-32434", severity: 5 },
      { cve: "CVE-2023-4863", severity: 5 },
      { cve: "CVE-2024-23296", severity: 4 },
    ],
  },
  {
    weight: 5,
    os: "Cisco IOS XE 17.9.4",
    prefix: "sw",
    vendorPrefix: "00:1A:A1", // Cisco
    serialPrefix: "FCW",
    memoryMb: 4096,
    programs: [],
    findings: [
      { cve: "CVE-2023-20198", severity: 5, port: 443, protocol: "TCP" },
      { cve: "CVE-2018-0171", severity: 5, port: 4786, protocol: "TCP" },
      { cve: "CVE-1999-0517", severity: 4, port: 161, protocol: "UDP" },
    ],
  },
  {
    weight: 2,
    os: "VMware ESXi 7.0.3",
    prefix: "esx",
    vendorPrefix: "3C:D9:2B", // Hewlett Packard
    serialPrefix: "CZ",
    memoryMb: 524288,
    programs: [{ name: "VMware ESXi", version: "7.0.3" }],
    findings: [
      { cve: "CVE-2021-21974", severity: 5, port: 427, protocol: "TCP" },
      { cve: "CVE-2024-37085", severity: 4 },
    ],
  },
  {
    weight: 4,
    os: "Embedded Linux",
    prefix: "cam",
    vendorPrefix: "00:40:8C", // Axis
    serialPrefix: "ACCC",
    memoryMb: 512,
    programs: [],
    findings: [
      { cve: "CVE-2018-10660", severity: 5, port: 80, protocol: "TCP" },
      { cve: "CVE-1999-0524", severity: 1 },
    ],
  },
];
