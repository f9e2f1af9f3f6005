import type { AccountSettings } from "./config/account-settings.ts";

type Named = Pick<AccountSettings, "name" | "connectors">;

/** What people call a connector: its name where it is configured, else its UUID. */
export function connectorText({ connectors }: Named, uuid: string): string {
  return connectors.find((connector) => connector.uuid === uuid)?.name ?? uuid;
}

/** What people call that which a hold holds: an account, by name where there are several, or a connector. */
export function scopeText(scope: string, account: Named, isOnly: boolean): string {
  if (scope === "account") return isOnly ? scope : `account ${account.name}`;
  const text = connectorText(account, scope);
  return text === scope ? scope : `connector ${text}`;
}

/** The same with the name of its connector beside the UUID, where it is configured. */
export function withConnectorName<Value>(
  value: Value,
  { connectors }: Named,
  uuid: string,
): Value | (Value & { connectorName: string }) {
  const found = connectors.find((connector) => connector.uuid === uuid);
  return found === undefined ? value : { ...value, connectorName: found.name };
}
