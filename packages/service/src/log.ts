import { pino, type DestinationStream, type Logger } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Names whose values are never written, at the first levels of a line. */
const HIDDEN = ["password", "token", "authorization", "secret", "apiKey"];

export interface LogOptions {
  /** Which process writes: the `app` of each line. */
  app: string;
  level: LogLevel;
  /** Default: stderr, so that stdout stays free for results. */
  destination?: DestinationStream;
}

/** JSON lines: `{time, level, app, event, ...fields}`, one event a line. */
export function createLog(options: LogOptions): Logger {
  const paths = HIDDEN.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino(
    {
      level: options.level,
      base: { app: options.app },
      messageKey: "event",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: "[secret]" },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  );
}
