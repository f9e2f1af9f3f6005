import { inspect } from "node:util";

/**
 * A value that must not be seen: printing, logging, inspecting or serialising it shows `[secret]`.
 * Only `reveal()` gives it back, so every use of a secret can be found by that word.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Never pass it to anything that logs or stores. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}
