import { randomBytes } from "node:crypto";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { openAccount, type Account } from "@sluice/queue";
import { startSandbox, type Sandbox, type SandboxOptions } from "@sluice/sandbox";
import { inject } from "vitest";
import { forgetAccount } from "./accounts.ts";
import type { Place } from "./sluice.ts";

/** A second subscription beside a place's own. */
export interface Subscription extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly account: Account;
}

export async function openSubscription(options: SandboxOptions = {}): Promise<Subscription> {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(await startSandbox(options));
  const name = `test-${randomBytes(6).toString("hex")}`;
  const account = stack.use(await openAccount({ redisUrl: inject("redisUrl"), account: name }));
  stack.defer(() => forgetAccount(account));
  const owned = stack.move();
  return { sandbox, account, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The lines of an account; its password is in the environment's variable of that name. */
export function accountLines(
  name: string,
  { sandbox, account }: Pick<Subscription, "sandbox" | "account">,
  password: string,
): string[] {
  return [
    `  ${name}:`,
    `    gateway: ${sandbox.url}`,
    `    username: ${sandbox.username}`,
    `    password: \${${password}}`,
    `    redisName: ${account.name}`,
  ];
}

/** Replaces the place's `sluice.yaml` as a whole, as editors and tools do. */
export async function writeConfig(place: Place, lines: readonly string[]): Promise<void> {
  await place.write("sluice.yaml.new", `${lines.join("\n")}\n`);
  await rename(join(place.dir, "sluice.yaml.new"), join(place.dir, "sluice.yaml"));
}

/** Another webhook connector in a sandbox; its UUID. */
export async function createConnector({ url }: Sandbox, name: string): Promise<string> {
  const response = await fetch(`${url}/sandbox/connectors`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const { uuid } = (await response.json()) as { uuid: string };
  return uuid;
}
