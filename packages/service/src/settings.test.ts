import { describe, expect, it } from "vitest";
import { ConfigError, loadConfig } from "./config.ts";
import * as settings from "./settings.ts";

const { ALL_SETTINGS, ...groups } = settings;

const required = {
  QUALYS_GATEWAY_URL: "https://gateway.example",
  QUALYS_CONNECTOR_UUID: "da4b8361-2327-4bf1-af7d-2ce775bc9882",
  QUALYS_USERNAME: "user",
  QUALYS_PASSWORD: "hunter2",
};

function load(changes: Record<string, string> = {}) {
  return loadConfig(ALL_SETTINGS, { ...required, ...changes });
}

/** The names of the variables that can't be used. */
function refused(environment: Record<string, string>): readonly string[] {
  try {
    loadConfig(ALL_SETTINGS, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.slice(0, problem.indexOf(":")));
  }
  return [];
}

describe("the settings", () => {
  it("need an account and its credentials, and nothing else", () => {
    expect(refused({})).toEqual(Object.keys(required));
    expect(refused(required)).toEqual([]);
  });

  it("have these defaults", () => {
    const { QUALYS_PASSWORD, ...shown } = load();
    expect(QUALYS_PASSWORD.reveal()).toBe("hunter2");
    const { QUALYS_PASSWORD: _, ...given } = required;
    expect(shown).toEqual({
      ...given,
      QUALYS_AUTH: "password",
      SLUICE_DATA_DIR: ".sluice",
      SLUICE_INTAKE_HOST: "127.0.0.1",
      SLUICE_INTAKE_PORT: 8_080,
      SLUICE_INTAKE_BODY_BYTES_MAX: 33_554_432,
      SLUICE_INTAKE_CALLS_PER_SEC_MAX: 10_000,
      SLUICE_INTAKE_LINGER_MS: 5,
      SLUICE_QUEUE_BYTES_MAX: 0,
      SLUICE_DEAD_LETTERS_MAX: 100_000,
      SLUICE_MEMORY_PERCENT_MAX: 70,
      SLUICE_HEALTH_HOST: "127.0.0.1",
      SLUICE_PROGRESS_TIMEOUT_SEC: 60,
      SLUICE_REDIS_TIMEOUT_SEC: 30,
      SLUICE_HARDWARE_UUID: "derived",
      SLUICE_DATE_FORMAT: "epoch-ms",
      SLUICE_MAC_FORMAT: "string",
      SLUICE_BATCH_ASSETS_MAX: 100,
      SLUICE_BATCH_BYTES_MAX: 1_000_000,
      SLUICE_BATCH_LINGER_MS: 2_000,
      SLUICE_SOURCE: "WEBHOOK",
      SLUICE_PACING: "auto",
      SLUICE_CALLS_LIVE: 0.1,
      SLUICE_CALLS_BISECTION: 0.1,
      SLUICE_CALLS_RESERVED: 0,
      SLUICE_CALLS_LIMIT: 300,
      SLUICE_CALLS_WINDOW_SEC: 3_600,
      SLUICE_CALLS_CONCURRENCY: 1,
      SLUICE_CALL_TIMEOUT_MS: 120_000,
      SLUICE_SANDBOX_PORT: 8_765,
      SLUICE_SANDBOX_HOST: "127.0.0.1",
    });
  });

  it.for([
    ["SLUICE_REDIS_TIMEOUT_SEC", 2, 3_600],
    ["SLUICE_QUEUE_BYTES_MAX", 0, Number.MAX_SAFE_INTEGER],
    ["SLUICE_MEMORY_PERCENT_MAX", 1, 100],
    ["SLUICE_BATCH_ASSETS_MAX", 1, 1_000],
    ["SLUICE_BATCH_BYTES_MAX", 1_000, 100_000_000],
    ["SLUICE_BATCH_LINGER_MS", 0, 86_400_000],
    ["SLUICE_CALLS_RESERVED", 0, 1_000_000],
    ["SLUICE_CALLS_LIMIT", 1, 1_000_000],
    ["SLUICE_CALLS_WINDOW_SEC", 1, 2_678_400],
    ["SLUICE_CALLS_CONCURRENCY", 1, 100],
    ["SLUICE_CALL_TIMEOUT_MS", 1_000, 600_000],
    ["SLUICE_INTAKE_BODY_BYTES_MAX", 1_000, 33_554_432],
    ["SLUICE_SANDBOX_PORT", 0, 65_535],
  ] as const)("%s is a whole number from %i to %i", ([name, min, max]) => {
    for (const value of [min, max]) expect(load({ [name]: String(value) })[name]).toBe(value);
    for (const value of [min - 1, max + 1, min + 0.5, "many"]) {
      expect(refused({ ...required, [name]: String(value) })).toEqual([name]);
    }
  });

  it.for([
    ["REDIS_URL", ["redis://h", "rediss://u:p@h:1/0", "/run/redis.sock"], ["localhost:6379"]],
    ["SLUICE_LOG_LEVEL", ["debug", "info", "warn", "error", "silent"], ["trace", "INFO"]],
    ["QUALYS_CONNECTOR_UUID", ["DA4B8361-2327-4BF1-AF7D-2CE775BC9882"], ["da4b8361", "default"]],
    ["SLUICE_ACCOUNT", ["a", "gateway.qg1:443", "a".repeat(200)], ["a b", "{a}", "a".repeat(201)]],
    ["SLUICE_HARDWARE_UUID", ["derived", "source-only"], ["random"]],
    ["SLUICE_DATE_FORMAT", ["epoch-ms", "epoch-ms-string", "iso-8601"], ["rfc-2822"]],
    ["SLUICE_MAC_FORMAT", ["string", "array"], ["list"]],
    ["SLUICE_PACING", ["auto", "burst", "spread"], ["fast"]],
    ["SLUICE_SOURCE", ["SNOW", "s".repeat(100)], ["s".repeat(101)]],
  ] as const)("%s takes %j and not %j", ([name, good, bad]) => {
    for (const value of good) expect(load({ [name]: value })[name]).toBe(value);
    for (const value of bad) expect(refused({ ...required, [name]: value })).toEqual([name]);
  });

  it("SLUICE_CALLS_LIVE is a share, and never all", () => {
    expect(load({ SLUICE_CALLS_LIVE: "0.25" }).SLUICE_CALLS_LIVE).toBe(0.25);
    for (const value of ["-0.1", "0.95", "much"]) {
      expect(refused({ ...required, SLUICE_CALLS_LIVE: value })).toEqual(["SLUICE_CALLS_LIVE"]);
    }
  });

  it.for(["SLUICE_KEY_FIELDS", "SLUICE_OPTIONAL_FIELDS"] as const)(
    "%s is a list between commas",
    (name) => {
      expect(load({ [name]: " id, asset.id ,,serial," })[name]).toEqual([
        "id",
        "asset.id",
        "serial",
      ]);
    },
  );

  it("are all in exactly one group", () => {
    const grouped = Object.values(groups).flatMap((group) => Object.keys(group.shape));
    expect(grouped.sort()).toEqual(Object.keys(ALL_SETTINGS.shape).sort());
  });
});
