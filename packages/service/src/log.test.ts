import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { createLog, type LogLevel } from "./log.ts";
import { Secret } from "./secret.ts";

type Line = Record<string, unknown>;

/** A log, and what it has written. */
function start(level: LogLevel = "debug") {
  const written: string[] = [];
  const destination = { write: (text: string) => void written.push(text) };
  const log = createLog({ app: "sender", level, destination });
  return { log, written, lines: () => written.map((text) => JSON.parse(text) as Line) };
}

describe("a log line", () => {
  it("is one JSON object with time, level, app, event and fields", () => {
    const { log, written, lines } = start();
    log.info({ batch: 7, message: "two\nlines" }, "batch.sent");
    expect(written.join("")).toMatch(/^[^\n]+\n$/);
    const [{ time, ...fields } = {}] = lines();
    expect(fields).toEqual({
      level: "info",
      app: "sender",
      event: "batch.sent",
      batch: 7,
      message: "two\nlines",
    });
    expect(new Date(String(time)).toISOString()).toBe(time);
  });

  it.for([
    ["debug", ["debug", "info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["silent", []],
  ] as const)("is written from the level %s on", ([level, expected]) => {
    const { log, lines } = start(level);
    for (const each of ["debug", "info", "warn", "error"] as const) log[each]("service.started");
    expect(lines().map((line) => line["level"])).toEqual(expected);
  });

  it("goes to stderr by default, so that stdout stays free for results", () => {
    const url = JSON.stringify(new URL("log.ts", import.meta.url));
    const script = `const { createLog } = await import(${url});
      createLog({ app: "sender", level: "info" }).info("service.started");`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(stdout).toBe("");
    expect(JSON.parse(stderr)).toMatchObject({ app: "sender", event: "service.started" });
  });

  it.for(["password", "token", "authorization", "secret", "apiKey"])(
    "does not show a %s at its first levels",
    (name) => {
      const { log, written, lines } = start();
      const hidden = { [name]: "hunter2" };
      log.info({ ...hidden, request: { ...hidden, headers: hidden } }, "batch.sent");
      expect(written.join("")).not.toContain("hunter2");
      const shown = { [name]: "[secret]" };
      expect(lines()[0]).toMatchObject({ ...shown, request: { ...shown, headers: shown } });
    },
  );

  it("does not show a secret, wherever it stands", () => {
    const { log, written, lines } = start();
    const value = new Secret("hunter2");
    log.info({ a: { b: { c: { d: [value] } } }, text: String(value) }, "service.started");
    expect(written.join("")).not.toContain("hunter2");
    expect(lines()[0]).toMatchObject({ a: { b: { c: { d: ["[secret]"] } } }, text: "[secret]" });
  });

  it("shows an error with its code and the chain of its causes", () => {
    const { log, lines } = start();
    const root = new Error("connection refused");
    const cause = new Error("Cannot reach Redis", { cause: root });
    const error = Object.assign(new Error("Cannot start", { cause }), { code: "ERR_START" });
    log.error({ err: error }, "service.failed");
    expect(lines()[0]).toMatchObject({
      err: {
        type: "Error",
        code: "ERR_START",
        message: "Cannot start: Cannot reach Redis: connection refused",
        stack: expect.stringContaining("caused by: Error: connection refused"),
      },
    });
  });
});
