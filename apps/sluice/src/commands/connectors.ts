import {
  countDeadLetters,
  countDelivered,
  disableConnector,
  enableConnector,
  listRuns,
  readHolds,
  readWaiting,
  sumOfWaiting,
  type Hold,
  type Run,
  type Waiting,
} from "@sluice/queue";
import { EXIT } from "../exit-codes.ts";
import { holdLine } from "../terminal/hold-notes.ts";
import { openSession, openSessions, type Session } from "../session.ts";
import { chosenAccounts, chosenConnector, readSettings, type Choice } from "../settings.ts";
import { counted, grouped, instantText, type Terminal } from "../terminal/terminal.ts";

/** What is to be known of a connector: what Qualys's screen Manage Connectors shows, and what waits here. */
interface ConnectorView {
  connector: string;
  description: string;
  uuid: string;
  account: string;
  /** Disabled here or in the file, held by what its holds say, or active; or no longer in the file, and something waits. */
  state: "active" | "held" | "disabled" | "not configured";
  enabled: { file: boolean | null; operator: boolean };
  holds: readonly Hold[];
  lastRun: Pick<
    Run,
    "id" | "state" | "read" | "delivered" | "unchanged" | "dead" | "pending"
  > | null;
  lastRunAt: string | null;
  waiting: Waiting;
  /** Different assets that Qualys has accepted, ever. */
  delivered: number;
  deadLetters: number;
}

const NOTHING_WAITS: Waiting = { records: 0, outbox: 0, parked: 0, inFlight: 0 };
const RUNS_LOOKED_AT = 1_000;

/** `sluice connectors list`: every configured connector, and what keeps it from sending. */
export async function listConnectors(choice: Choice, terminal: Terminal): Promise<number> {
  const settings = readSettings(process.env, "connectors");
  const accounts = chosenAccounts(settings, choice);
  await using sessions = await openSessions(settings, accounts, terminal);
  const views = (await Promise.all(sessions.all.map(viewsOf))).flat();
  const width = Math.max(...views.map(({ connector }) => connector.length));
  terminal.result(
    { connectors: views },
    views.flatMap((view) => [
      `${view.connector.padEnd(width)}  ${view.state.padEnd(8)}  ${lastRunText(view)}; ${grouped(sumOfWaiting(view.waiting))} waiting, ${grouped(view.delivered)} delivered, ${grouped(view.deadLetters)} dead`,
      ...view.holds.map((hold) => `${" ".repeat(width)}  ${holdLine(hold)}`),
    ]),
  );
  return EXIT.done;
}

/** `sluice connectors show`: everything known of one. */
export async function showConnector(
  name: string,
  choice: Choice,
  terminal: Terminal,
): Promise<number> {
  const settings = readSettings(process.env, "connectors");
  const { account, connector } = chosenConnector(settings, { ...choice, connector: name });
  await using session = await openSession(settings, account, terminal);
  const view = (await viewsOf(session)).find(({ uuid }) => uuid === connector.uuid);
  if (view === undefined) throw new Error(`Cannot show connector "${name}": it has gone`);
  const { waiting } = view;
  terminal.result(view, [
    `${view.connector}: ${view.state}${view.description === "" ? "" : ` (${view.description})`}`,
    `  UUID ${view.uuid}, account ${view.account}`,
    ...view.holds.map((hold) => `  ${holdLine(hold)}`),
    `  ${lastRunText(view)}`,
    `  waiting: ${grouped(waiting.records)} records in chunks, ${grouped(waiting.outbox)} assets in the outbox, ${grouped(waiting.parked)} parked, ${grouped(waiting.inFlight)} in flight`,
    `  delivered: ${counted(view.delivered, "asset")}; dead letters: ${grouped(view.deadLetters)}`,
  ]);
  return EXIT.done;
}

/** `sluice connectors disable`: it takes nothing and sends nothing from now on, in no process; what waits stays. */
export async function disable(name: string, choice: Choice, terminal: Terminal): Promise<number> {
  const settings = readSettings(process.env, "connectors");
  const { account, connector } = chosenConnector(settings, { ...choice, connector: name });
  await using session = await openSession(settings, account, terminal);
  const message = `connector ${name} was disabled by an operator; sluice connectors enable ${name} ends it`;
  const reason = "disabled";
  const isNew = await disableConnector(session.account, connector.uuid, { reason, message });
  terminal.result({ connector: name, enabled: false, isNew }, [
    isNew ? `${name} is disabled: what waits stays` : `${name} was disabled already`,
  ]);
  return EXIT.done;
}

/** `sluice connectors enable`: what waits goes on, unless the file has `enabled: false`. */
export async function enable(name: string, choice: Choice, terminal: Terminal): Promise<number> {
  const settings = readSettings(process.env, "connectors");
  const { account, connector } = chosenConnector(settings, { ...choice, connector: name });
  await using session = await openSession(settings, account, terminal);
  const { uuid, isEnabled } = connector;
  if (isEnabled) {
    await enableConnector(session.account, session.queues, uuid, "disabled-in-file");
  }
  const isNew = await enableConnector(session.account, session.queues, uuid, "disabled");
  if (!isEnabled) {
    terminal.note(`it stays disabled, for ${settings.file} has enabled: false; change that there`);
  }
  terminal.result({ connector: name, enabled: isEnabled, isNew }, [
    isNew
      ? `${name} is no longer disabled by an operator`
      : `${name} was not disabled by an operator`,
  ]);
  return EXIT.done;
}

async function viewsOf({ account, settings }: Session): Promise<ConnectorView[]> {
  const [holds, waiting, runs] = await Promise.all([
    readHolds(account),
    readWaiting(account),
    listRuns(account, RUNS_LOOKED_AT),
  ]);
  const known = settings.connectors.map(({ uuid }) => uuid);
  // What waits for one that the file names no more would else be seen nowhere.
  const gone = [...waiting]
    .filter(([uuid, one]) => !known.includes(uuid) && sumOfWaiting(one) > 0)
    .map(([uuid]) => ({ name: uuid, description: "", uuid, isEnabled: null }));
  const views = [...settings.connectors, ...gone].map(async (connector): Promise<ConnectorView> => {
    const { name, description, uuid } = connector;
    const own = holds.filter(({ scope }) => scope === uuid || scope === "account");
    const run = runs.find((one) => one.connector === uuid);
    return {
      connector: name,
      description,
      uuid,
      account: settings.name,
      ...stateOf(connector, own),
      holds: own,
      lastRun: run === undefined ? null : lastRunOf(run),
      lastRunAt: run === undefined ? null : new Date(run.openedAtMs).toISOString(),
      waiting: waiting.get(uuid) ?? NOTHING_WAITS,
      delivered: await countDelivered(account, uuid),
      deadLetters: await countDeadLetters(account, uuid),
    };
  });
  return await Promise.all(views);
}

function stateOf(
  { isEnabled }: { isEnabled: boolean | null },
  holds: readonly Hold[],
): Pick<ConnectorView, "state" | "enabled"> {
  const isDisabled = holds.some(({ reason }) => reason === "disabled");
  const enabled = { file: isEnabled, operator: !isDisabled };
  if (isEnabled === null) return { state: "not configured", enabled };
  if (isDisabled || !isEnabled) return { state: "disabled", enabled };
  return { state: holds.length > 0 ? "held" : "active", enabled };
}

function lastRunOf({ id, state, read, delivered, unchanged, dead, pending }: Run) {
  return { id, state, read, delivered, unchanged, dead, pending };
}

function lastRunText({ lastRun, lastRunAt }: ConnectorView): string {
  if (lastRun === null || lastRunAt === null) return "no run yet";
  const { id, state, read, delivered, unchanged, dead } = lastRun;
  const at = instantText(Date.parse(lastRunAt), Date.now());
  return `run ${id} at ${at}, ${state}: ${grouped(read)} read, ${grouped(delivered)} delivered, ${grouped(unchanged)} unchanged, ${grouped(dead)} dead`;
}
