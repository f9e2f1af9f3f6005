import { once } from "node:events";
import { join } from "node:path";
import type { House } from "./house.ts";
import type { Journal } from "./journal.ts";
import { spawnSluice } from "./kept-process.ts";

const COMMAND_MS_MAX = 60_000;

/** Gives one command after the other, as one person does: two at once could come in either order. */
export class Operator {
  readonly #house: House;
  readonly #journal: Journal;
  #last: Promise<unknown> = Promise.resolve();

  constructor(house: House, journal: Journal) {
    this.#house = house;
    this.#journal = journal;
  }

  /** Tells whether it could be done, which it can't be while Redis is away. */
  async give(...args: string[]): Promise<boolean> {
    const done = this.#last.then(() => this.#run(args));
    this.#last = done;
    return await done;
  }

  async #run(args: readonly string[]): Promise<boolean> {
    if (args[0] === "resume") this.#journal.resumed();
    const { env, logs } = this.#house;
    const child = spawnSluice([...args, "--json"], env, join(logs, "operator.log"));
    const timer = setTimeout(() => child.kill("SIGKILL"), COMMAND_MS_MAX);
    const [exitCode] = (await once(child, "exit")) as [number | null];
    clearTimeout(timer);
    return exitCode === 0;
  }
}
