import type { Finding, Port } from "./asset.ts";
import type { RawFinding } from "./raw-asset.ts";
import { dropped, type Warning } from "./warning.ts";

const CVE_ID = /^CVE-\d{4}-\d{4,19}$/i;

/** The ports that findings name, each pair of port and protocol once. */
export function portsOf(findings: readonly RawFinding[]): Port[] {
  const ports = new Map<string, Port>();
  for (const { port, protocol: written } of findings) {
    if (port === undefined) continue;
    const protocol = written?.toUpperCase();
    ports.set(`${port} ${protocol}`, { port, protocol });
  }
  return [...ports.values()];
}

/**
 * One finding for each CVE id. How Qualys wants other findings is not known (qualys-api.md, part 9,
 * item 8), so they are left out with a warning; several CVEs of one source finding share the rest.
 */
export function mapFindings(findings: readonly RawFinding[], warnings: Warning[]): Finding[] {
  return findings.flatMap((finding) => {
    const ids = finding.cve?.filter((id) => id !== null) ?? [];
    const others = ids.filter((id) => !CVE_ID.test(id));
    if (ids.length === 0 || others.length > 0) {
      warnings.push(dropped("finding-not-cve", others.join(" ")));
    }
    return ids.filter((id) => CVE_ID.test(id)).map((id) => mapFinding(finding, id.toUpperCase()));
  });
}

function mapFinding({ severity, port, protocol, status }: RawFinding, cveId: string): Finding {
  return {
    id: cveId,
    name: cveId,
    category: "VULNERABILITY",
    severity,
    port,
    // Without its port a protocol says nothing.
    protocol: port === undefined ? undefined : protocol?.toUpperCase(),
    findingStatus: status ?? "ACTIVE",
    findingType: { vulnerability: { cveId } },
  };
}
