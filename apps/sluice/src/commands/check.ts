import type { CsamClient, Failure } from "@sluice/csam";
import {
  createClient,
  type AccountSettings,
  type ConnectorSettings,
} from "../config/account-settings.ts";
import { isDisabling } from "@sluice/governor";
import { isTrusted, readHolds, type Hold } from "@sluice/queue";
import { EXIT } from "../exit-codes.ts";
import { isBlocking } from "../terminal/hold-notes.ts";
import { openSession } from "../session.ts";
import {
  chosenAccounts,
  chosenUuid,
  readSettings,
  type Choice,
  type ProcessSettings,
} from "../settings.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface Finding {
  /** Whose it is, where there are several. */
  account?: string;
  what: "redis" | "gateway" | "sign-in" | "permission" | "connector";
  state: "ok" | "warning" | "wrong" | "unknown";
  /** What is wrong, and what to do about it. */
  message: string;
}

/** What Redis knows of an account; null where Redis cannot be asked. */
type Experience = { trusted: ReadonlySet<string>; holds: readonly Hold[] } | null;

/** `sluice check`: what works, what does not, what to do. */
export async function check(choice: Choice, terminal: Terminal): Promise<number> {
  const settings = readSettings(process.env, "calls");
  const uuid = chosenUuid(settings, choice);
  const accounts = chosenAccounts(settings, choice);
  const all = accounts.map(async (account) => {
    const connectors = account.connectors.filter((one) => uuid === null || one.uuid === uuid);
    const found = await checkAccount(settings, { ...account, connectors }, terminal);
    return accounts.length === 1 ? found : found.map((one) => ({ account: account.name, ...one }));
  });
  const findings: Finding[] = (await Promise.all(all)).flat();
  const isOk = findings.every(({ state }) => state !== "wrong");
  terminal.result(
    { ok: isOk, findings },
    findings.map(
      ({ account, what, state, message }) =>
        `${state.padEnd(7)}  ${account === undefined ? "" : `${account}, `}${what}: ${message}`,
    ),
  );
  return isOk ? EXIT.done : EXIT.usage;
}

async function checkAccount(
  settings: ProcessSettings,
  account: AccountSettings,
  terminal: Terminal,
): Promise<Finding[]> {
  const redis = await checkRedis(settings, account, terminal);
  return [
    ...redis.findings,
    ...(await checkQualys(account)),
    ...account.connectors.map((connector) => checkConnector(connector, redis.experience)),
  ];
}

async function checkRedis(
  settings: ProcessSettings,
  { connectors, ...account }: AccountSettings,
  terminal: Terminal,
): Promise<{ findings: Finding[]; experience: Experience }> {
  try {
    await using session = await openSession(
      settings,
      { ...account, connectors },
      { ...terminal, note: () => {} },
    );
    const { product, version, warnings } = session.account.server;
    const holds = (await readHolds(session.account)).filter(isBlocking);
    const findings: Finding[] = [
      { what: "redis", state: "ok", message: `${product} ${version}` },
      ...warnings.map((message): Finding => ({ what: "redis", state: "warning", message })),
      ...holds.filter(({ reason }) => !isDisabling(reason)).map(heldFinding),
    ];
    const trusted = new Set<string>();
    for (const { uuid } of connectors) {
      if (await isTrusted(session.account, uuid)) trusted.add(uuid);
    }
    return { findings, experience: { trusted, holds } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { findings: [{ what: "redis", state: "wrong", message }], experience: null };
  }
}

function heldFinding({ reason }: Hold): Finding {
  const message = `sending is held (${reason}); once that is put right: sluice resume`;
  return { what: "redis", state: "warning", message };
}

/** The gateway, then signing in, then a call that changes nothing: none is looked at before the one it needs. */
async function checkQualys(account: AccountSettings): Promise<Finding[]> {
  await using client = createClient(account);
  const signIn = await client.signIn();
  const gateway: Finding = { what: "gateway", state: "ok", message: account.gatewayUrl };
  if (signIn.kind === "refused") {
    return [gateway, { what: "sign-in", state: "wrong", message: signIn.message }];
  }
  if (signIn.kind !== "ok") return [{ what: "gateway", state: "wrong", message: signIn.message }];
  const accepted: Finding = {
    what: "sign-in",
    state: "ok",
    message: "the credentials are accepted",
  };
  return [gateway, accepted, await checkPermission(client)];
}

async function checkPermission(client: CsamClient): Promise<Finding> {
  const counted = await client.countAssets();
  if (counted.kind === "failed") return failedFinding(counted.failure);
  const message = `the inventory can be read: ${counted.value} assets`;
  return { what: "permission", state: "ok", message };
}

function failedFinding({ kind, message }: Failure): Finding {
  if (kind === "limited") return { what: "permission", state: "unknown", message };
  const isGateway = kind === "wrong-address" || kind === "unavailable" || kind === "unknown";
  return { what: isGateway ? "gateway" : "permission", state: "wrong", message };
}

/** Qualys offers no way to look a connector up, so what was seen of it has to do. */
function checkConnector({ uuid }: ConnectorSettings, experience: Experience): Finding {
  const held = experience?.holds.find(({ scope }) => scope === uuid);
  if (held && isDisabling(held.reason)) {
    return { what: "connector", state: "warning", message: held.message };
  }
  if (held) {
    const remedy =
      "look it up in Qualys (Integrations, Webhook), correct QUALYS_CONNECTOR_UUID or enable it, then: sluice resume";
    return { what: "connector", state: "wrong", message: `${held.message}; ${remedy}` };
  }
  if (experience?.trusted.has(uuid)) {
    const message = `${uuid} took assets before, or sluice resume vouched for it`;
    return { what: "connector", state: "ok", message };
  }
  const message = `nothing was sent to ${uuid} yet, and Qualys offers no way to look it up; sluice push FILE --first 1 shows whether it takes an asset`;
  return { what: "connector", state: "unknown", message };
}
