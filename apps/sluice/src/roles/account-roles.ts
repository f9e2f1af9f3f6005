import type { Duty, Report, RunningRole } from "@sluice/pipeline";
import { disableConnector, enableConnector } from "@sluice/queue";
import { startSender } from "@sluice/sender";
import { startWorker } from "@sluice/worker";
import {
  callsFingerprint,
  createClient,
  type AccountSettings,
  type ConnectorSettings,
} from "../config/account-settings.ts";
import { loadTransforms, recipeFor, type Transforms } from "../mapping/load-transform.ts";
import type { Session } from "../session.ts";

export type Role = "producer" | "worker" | "sender";
export const ROLES: readonly Role[] = ["producer", "worker", "sender"];

/** What is sent as `source` for batches of a connector that is configured no more. */
const SOURCE_DEFAULT = "WEBHOOK";

/**
 * The worker and the sender of one account in this process, until disposed of. New settings count for the next chunk and the
 * next batch; the sender begins anew only where it would call otherwise.
 */
export class AccountRoles implements AsyncDisposable {
  readonly #session: Session;
  readonly #report: Report;
  #settings: AccountSettings;
  #transforms: Transforms = new Map();
  #worker: RunningRole | null = null;
  #sender: RunningRole | null = null;
  /** By which calls the sender runs; null where there is none. */
  #calls: string | null = null;
  #isSending = false;

  private constructor(session: Session, report: Report) {
    this.#session = session;
    this.#settings = session.settings;
    this.#report = report;
  }

  static async start(
    session: Session,
    roles: readonly Role[],
    report: Report,
  ): Promise<AccountRoles> {
    const running = new AccountRoles(session, report);
    await using stack = new AsyncDisposableStack();
    stack.use(running);
    if (roles.includes("worker")) {
      running.#transforms = await loadTransforms(session.settings.connectors);
    }
    await applyEnabled(session, session.settings);
    running.#isSending = roles.includes("sender");
    await running.#renewSender();
    if (roles.includes("worker")) running.#worker = await running.#startWorker();
    stack.move();
    return running;
  }

  /** What the roles that run now have to do. */
  get duties(): readonly Duty[] {
    return [this.#worker, this.#sender].flatMap((role) => role?.duties ?? []);
  }

  /** Goes on by other settings of the same account. A mapping with mistakes is thrown, and changes nothing. */
  async apply(settings: AccountSettings): Promise<void> {
    if (this.#worker !== null) this.#transforms = await loadTransforms(settings.connectors);
    this.#settings = settings;
    await applyEnabled(this.#session, settings);
    await this.#renewSender();
  }

  /** Begins the sender anew unless one runs that calls alike. Should it fail, the next time begins it. */
  async #renewSender(): Promise<void> {
    const calls = callsFingerprint(this.#settings);
    if (!this.#isSending || this.#calls === calls) return;
    const before = this.#sender;
    this.#sender = null;
    this.#calls = null;
    await before?.[Symbol.asyncDispose]();
    this.#sender = await this.#startSender();
    this.#calls = calls;
  }

  #connector(uuid: string): ConnectorSettings | null {
    return this.#settings.connectors.find((connector) => connector.uuid === uuid) ?? null;
  }

  async #startSender(): Promise<RunningRole> {
    const { account, queues } = this.#session;
    await using stack = new AsyncDisposableStack();
    const client = stack.use(createClient(this.#settings));
    const sourceOf = (uuid: string) => this.#connector(uuid)?.source ?? SOURCE_DEFAULT;
    const { calls } = this.#settings;
    const options = { account, queues, client, sourceOf, report: this.#report };
    const { duties } = stack.use(await startSender({ ...options, ...calls }));
    const owned = stack.move();
    return { duties, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }

  async #startWorker(): Promise<RunningRole> {
    const { account, queues } = this.#session;
    const transformOf = (uuid: string) => this.#transforms.get(uuid) ?? null;
    const recipeOf = (uuid: string) => {
      const connector = this.#connector(uuid);
      if (connector !== null) return recipeFor(connector.transform);
      throw new Error(`Cannot transform for connector ${uuid}: it is configured no more`);
    };
    const limitsOf = (uuid: string) => this.#connector(uuid)?.limits ?? null;
    const how = { transformOf, recipeOf, limitsOf };
    return await startWorker({ account, queues, report: this.#report, ...how });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      this.#worker?.[Symbol.asyncDispose](),
      this.#sender?.[Symbol.asyncDispose](),
    ]);
  }
}

/** Lets every process know what the configuration says of each connector. */
async function applyEnabled(
  { account, queues }: Session,
  { connectors }: AccountSettings,
): Promise<void> {
  const reason = "disabled-in-file";
  for (const { name, uuid, isEnabled } of connectors) {
    const message = `connector ${name} has enabled: false in its configuration`;
    if (isEnabled) await enableConnector(account, queues, uuid, reason);
    else await disableConnector(account, uuid, { reason, message });
  }
}
