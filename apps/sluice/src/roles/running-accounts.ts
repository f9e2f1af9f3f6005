import type { IntakeConnector } from "@sluice/producer";
import type { Report, Watched } from "@sluice/pipeline";
import { lookForWork } from "@sluice/queue";
import { AccountRoles, type Role } from "./account-roles.ts";
import type { AccountSettings } from "../config/account-settings.ts";
import { loadTransforms } from "../mapping/load-transform.ts";
import type { Opener, Session } from "../session.ts";

export interface RunningOptions {
  opener: Opener;
  roles: readonly Role[];
  reportOf: (account: AccountSettings) => Report;
}

interface Running {
  session: Session;
  roles: AccountRoles;
}

/**
 * Every account of this process, each with its own queues, worker and sender, so that what holds one up is nothing to the
 * others. New settings reach those that run; what else there is of an account begins or ends with them.
 */
export class RunningAccounts implements AsyncDisposable {
  readonly #options: RunningOptions;
  /** By the account's name in Redis: where its data lie elsewhere, it is another account. */
  readonly #running = new Map<string, Running>();
  readonly #connectors = new Map<string, IntakeConnector>();

  private constructor(options: RunningOptions) {
    this.#options = options;
  }

  static async start(
    accounts: readonly AccountSettings[],
    options: RunningOptions,
  ): Promise<RunningAccounts> {
    await using stack = new AsyncDisposableStack();
    const running = stack.use(new RunningAccounts(options));
    await running.apply(accounts);
    stack.move();
    return running;
  }

  get sessions(): readonly Session[] {
    return Array.from(this.#running.values(), ({ session }) => session);
  }

  /** What each account's roles have to do, and where to see what could be done. */
  get watched(): readonly Watched[] {
    return Array.from(this.#running.values(), ({ session, roles }) => ({
      duties: roles.duties,
      look: () => lookForWork(session.account),
    }));
  }

  /** By name, the connectors that take assets over HTTP; changes with the settings. */
  get connectors(): ReadonlyMap<string, IntakeConnector> {
    return this.#connectors;
  }

  /** Goes on by these settings. A mapping with mistakes is thrown, and changes nothing for any account. What else of it fails keeps no other account from them; all failures are thrown together. */
  async apply(accounts: readonly AccountSettings[]): Promise<void> {
    if (this.#options.roles.includes("worker")) {
      for (const { connectors } of accounts) await loadTransforms(connectors);
    }
    const wanted = new Map(accounts.map((settings) => [settings.redisName, settings]));
    const gone = [...this.#running.keys()].filter((redisName) => !wanted.has(redisName));
    const work = [
      ...gone.map((redisName) => this.#end(redisName)),
      ...wanted.entries().map(([redisName, settings]) => this.#goOn(redisName, settings)),
    ];
    const failures = (await Promise.allSettled(work)).filter(({ status }) => status === "rejected");
    this.#renameConnectors(accounts);
    const causes = failures.map((failure) => ("reason" in failure ? failure.reason : null));
    if (causes.length === 1) throw causes[0];
    if (causes.length > 1) throw new AggregateError(causes, causes.map(String).join("; "));
  }

  async #goOn(redisName: string, settings: AccountSettings): Promise<void> {
    const running = this.#running.get(redisName);
    if (running !== undefined) return await running.roles.apply(settings);
    const { opener, roles, reportOf } = this.#options;
    await using stack = new AsyncDisposableStack();
    const session = stack.use(await opener.open(settings));
    const started = stack.use(await AccountRoles.start(session, roles, reportOf(settings)));
    this.#running.set(redisName, { session, roles: started });
    stack.move();
  }

  async #end(redisName: string): Promise<void> {
    const running = this.#running.get(redisName);
    this.#running.delete(redisName);
    if (running === undefined) return;
    await running.roles[Symbol.asyncDispose]();
    await running.session[Symbol.asyncDispose]();
  }

  #renameConnectors(accounts: readonly AccountSettings[]): void {
    const before = new Map(this.#connectors);
    this.#connectors.clear();
    for (const settings of accounts) {
      const session = this.#running.get(settings.redisName)?.session;
      if (session === undefined) continue;
      const { account, queues } = session;
      for (const { name, uuid } of settings.connectors) {
        const known = before.get(name);
        const isSame = known?.uuid === uuid && known.account === account;
        this.#connectors.set(name, isSame ? known : { uuid, account, queues });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((redisName) => this.#end(redisName)));
  }
}
