/**
 * What a command needs to know: which account; its connectors, too; also their mappings, to transform; or the credentials, to
 * call Qualys; or all of it. What it does not need may be missing, as mappings are where there is only a sender.
 */
export type Needs = "account" | "connectors" | "transforms" | "calls" | "all";

export function needsSecrets(needs: Needs): boolean {
  return needs === "calls" || needs === "all";
}

export function needsMappings(needs: Needs): boolean {
  return needs === "transforms" || needs === "all";
}
