import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError, loadConfig, secret, unknownVariables } from "./config.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const schema = z.object({
  NAME: z.string().meta({ description: "what it is called" }),
  PORT: z.coerce.number().int().min(1).max(65_535).default(80),
  COLOUR: z.enum(["red", "green"]).optional(),
  PASSWORD: secret().meta({ description: "the password" }),
  API_KEY: secret().optional(),
});

type Environment = Record<string, string | undefined>;

const sound: Environment = { NAME: "a", PASSWORD: "hunter2" };

function load(changes: Environment = {}) {
  return loadConfig(schema, { ...sound, ...changes });
}

/** What is wrong with the sound configuration after these changes. */
function problems(changes: Environment): readonly string[] {
  try {
    load(changes);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function fileOf(content: string): string {
  const path = join(mkdtempSync(join(folder, "file-")), "secret");
  writeFileSync(path, content);
  return path;
}

describe("a configuration", () => {
  it("has the values of the environment in their types, and the defaults of what is unset", () => {
    const { PASSWORD, ...others } = load({ COLOUR: "red", UNRELATED: "x" });
    expect(others).toEqual({ NAME: "a", PORT: 80, COLOUR: "red" });
    expect(PASSWORD.reveal()).toBe("hunter2");
    expect(load({ PORT: "8080" }).PORT).toBe(8080);
  });

  it.for(["", " ", "\t\n"])("takes the value %j for unset", (blank) => {
    expect(load({ PORT: blank, COLOUR: blank })).toMatchObject({ PORT: 80 });
    expect(problems({ NAME: blank })).toEqual(["NAME: is not set (what it is called)"]);
    expect(problems({ PASSWORD: blank })).toEqual(["PASSWORD: is not set (the password)"]);
  });

  it("can't be changed", () => {
    expect(load()).toSatisfy(Object.isFrozen);
  });
});

describe("mistakes", () => {
  it("are all reported at once, each by the name of its variable", () => {
    const missing = join(folder, "missing");
    expect(
      problems({
        NAME: undefined,
        PORT: "eighty",
        COLOUR: "blue",
        PASSWORD: undefined,
        API_KEY_FILE: missing,
      }),
    ).toEqual([
      `API_KEY_FILE: cannot read "${missing}" (ENOENT); check path and permissions`,
      "NAME: is not set (what it is called)",
      expect.stringMatching(/^PORT: "eighty" cannot be used: .*number/),
      expect.stringMatching(/^COLOUR: "blue" cannot be used: .*"red"\|"green"/),
      "PASSWORD: is not set (the password)",
    ]);
  });

  it("stand together in the error's message, one a line", () => {
    expect(() => load({ NAME: "", PORT: "0" })).toThrow(
      expect.objectContaining({
        code: "ERR_CONFIG",
        message: expect.stringMatching(
          /^Cannot start with this configuration:\n {2}NAME: .*\n {2}PORT: .*$/,
        ),
      }),
    );
  });

  it.for(["0", "65536", "1.5", "Infinity", "80 "])("know that a port is not %j", (port) => {
    // A number may have blanks around it; all else is out of bounds.
    expect(problems({ PORT: port })).toHaveLength(port === "80 " ? 0 : 1);
  });

  it("do not show the credentials that an address may hold, however misspelt", () => {
    const urls = z.object({ URL: z.string().regex(/^redis:\/\//) });
    for (const url of ["http://user:hunter2@host/1", "redis:/:hunter2@host", "x:a@hunter2@host"]) {
      expect(() => loadConfig(urls, { URL: url })).toThrow(/URL: "\[secret\]@host.*cannot be used/);
      expect(() => loadConfig(urls, { URL: url })).not.toThrow(/hunter2/);
    }
  });
});

describe("a secret variable", () => {
  it.for(["hunter2", "hunter2\n", "hunter2\r\n"])(
    "may stand in a file that holds %j",
    (content) => {
      const config = load({ PASSWORD: undefined, PASSWORD_FILE: fileOf(content) });
      expect(config.PASSWORD.reveal()).toBe("hunter2");
    },
  );

  it("keeps the blanks of its file, as they may belong to it", () => {
    const config = load({ API_KEY_FILE: fileOf(" a b \n") });
    expect(config.API_KEY?.reveal()).toBe(" a b ");
  });

  it("goes before its file", () => {
    const config = load({ PASSWORD: "direct", PASSWORD_FILE: join(folder, "missing") });
    expect(config.PASSWORD.reveal()).toBe("direct");
  });

  it.for(["", "\n", "  \n"])("can't be in a file that holds just %j", (content) => {
    const path = fileOf(content);
    expect(problems({ PASSWORD: "", PASSWORD_FILE: path })).toEqual([
      `PASSWORD_FILE: "${path}" is empty; write the secret into it`,
    ]);
  });

  it("can't be in a file that can't be read", () => {
    expect(problems({ PASSWORD: "", PASSWORD_FILE: folder })).toEqual([
      `PASSWORD_FILE: cannot read "${folder}" (EISDIR); check path and permissions`,
    ]);
  });

  it("has no file where it is no secret", () => {
    expect(problems({ NAME: "", NAME_FILE: fileOf("a") })).toHaveLength(1);
  });

  it("shows neither in the configuration nor in an error", () => {
    const config = load({ API_KEY: "hunter3" });
    const picky = z.object({ TOKEN: secret().refine(() => false, "it is too short") });
    let thrown: unknown;
    try {
      loadConfig(picky, { TOKEN: "hunter4" });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      problems: ["TOKEN: [secret] cannot be used: it is too short"],
    });
    const shown = [
      inspect(config, { depth: null }),
      JSON.stringify(config),
      `${String(config.PASSWORD)} ${String(config.API_KEY)}`,
      inspect(thrown, { depth: null, showHidden: true }),
      JSON.stringify(thrown),
    ];
    expect(shown.filter((text) => text.includes("hunter"))).toEqual([]);
  });
});

describe("unknown variables", () => {
  it("are those with our prefix that no schema knows", () => {
    const environment = {
      SLUICE_PORT: "1",
      SLUICE_PROT: "2",
      SLUICE_TOKEN_FILE: "/token",
      PATH: "/bin",
    };
    expect(unknownVariables("SLUICE_", ["SLUICE_PORT", "SLUICE_TOKEN"], environment)).toEqual([
      "SLUICE_PROT: there is no such variable; see .env.example",
    ]);
  });
});
