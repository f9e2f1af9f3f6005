/** What a command's end means to a script. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  /** Bad usage or configuration, or a source that can't be read: nothing was begun. */
  usage: 2,
  /** Done, and some records are dead letters. */
  deadLetters: 3,
  /** Stopped before the end; it can be continued. */
  stopped: 4,
} as const;

/** An end that was foreseen: its message is for the user, without a stack. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.usage, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
