import { closeClient, type Account } from "./account.ts";

/** Tells whenever a script made something to cut, or room to cut it into. */
export class Wakes implements AsyncDisposable {
  readonly #client: ReturnType<Account["connect"]>;

  private constructor(client: ReturnType<Account["connect"]>) {
    this.#client = client;
  }

  static async subscribe(account: Account, onWake: () => void): Promise<Wakes> {
    const client = account.connect();
    client.on("message", onWake);
    await client.subscribe(account.key("wake"));
    return new Wakes(client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeClient(this.#client);
  }
}
