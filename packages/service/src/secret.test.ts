import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Secret } from "./secret.ts";

const password = new Secret("hunter2");

describe("a secret", () => {
  it.for([
    ["a template string", `as ${String(password)}`],
    ["text joined to it", ["as", password].join(" ")],
    ["JSON", JSON.stringify({ password })],
    ["inspect", inspect({ password }, { depth: null, showHidden: true })],
    ["its own names", JSON.stringify(Object.getOwnPropertyDescriptors(password))],
    ["a copy", JSON.stringify(Object.assign({}, password))],
    ["an error", inspect(new Error("Cannot sign in", { cause: password }))],
  ])("does not show in %s", ([, shown]) => {
    expect(shown).not.toContain("hunter2");
  });

  it("shows that it is one", () => {
    expect([String(password), JSON.stringify(password), inspect(password)]).toEqual([
      "[secret]",
      '"[secret]"',
      "[secret]",
    ]);
  });

  it("is given back only by reveal", () => {
    expect(password.reveal()).toBe("hunter2");
  });
});
