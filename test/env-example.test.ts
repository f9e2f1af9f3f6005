import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ALL_SETTINGS, loadConfig, Secret } from "@sluice/service";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";

const EXAMPLE = readFileSync(join(ROOT, ".env.example"), "utf8").split("\n");
const ASSIGNMENT = /^(?<mark>#?)(?<name>\w+)=(?<value>.*)$/;
const FIELDS = Object.entries(ALL_SETTINGS.shape);

/** The example's assignments; a "#" before one shows a default, "# " begins prose. */
const VARIABLES = EXAMPLE.flatMap((line, index) => {
  const { mark, name = "", value = "" } = ASSIGNMENT.exec(line)?.groups ?? {};
  return name === "" ? [] : [{ name, value, isSet: mark === "", above: EXAMPLE[index - 1] }];
});

/** Any value will do to see whether a variable is a secret. */
function isSecret(field: (typeof FIELDS)[number][1]): boolean {
  return field.safeParse("x").data instanceof Secret;
}

describe(".env.example", () => {
  it("has every variable once, NAME_FILE of each secret, and nothing else", () => {
    const known = FIELDS.flatMap(([name, field]) =>
      isSecret(field) ? [name, `${name}_FILE`] : [name],
    );
    expect(VARIABLES.map(({ name }) => name).sort()).toEqual(known.sort());
    expect(known).toContain("QUALYS_PASSWORD_FILE");
  });

  it("has nothing but variables, prose and blank lines", () => {
    const others = EXAMPLE.filter((line) => !ASSIGNMENT.test(line) && !/^(?:# .*)?$/.test(line));
    expect(others).toEqual([]);
  });

  it.for(FIELDS)("describes %s in the words of its schema", ([name, field]) => {
    expect(field.meta()?.description).toBeTruthy();
    const variable = VARIABLES.find((one) => one.name === name);
    expect(variable?.above).toBe(`# ${field.meta()?.description}`);
  });

  it.for(FIELDS)("shows the default of %s, or leaves it to be filled in", ([name, field]) => {
    const { success, data } = field.safeParse(undefined);
    const variable = VARIABLES.find((one) => one.name === name);
    expect(variable).toMatchObject({ isSet: !success, value: String(data ?? "") });
  });

  it("is a sound configuration once the marks are taken off and the gaps filled", () => {
    const required = {
      QUALYS_GATEWAY_URL: "https://gateway.example",
      QUALYS_CONNECTOR_UUID: "da4b8361-2327-4bf1-af7d-2ce775bc9882",
      QUALYS_USERNAME: "user",
      QUALYS_PASSWORD: "password",
    };
    const shown = Object.fromEntries(VARIABLES.map(({ name, value }) => [name, value]));
    const config = loadConfig(ALL_SETTINGS, { ...shown, ...required });
    expect(config).toEqual(loadConfig(ALL_SETTINGS, required));
  });
});
