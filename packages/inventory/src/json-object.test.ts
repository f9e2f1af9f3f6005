import { expect, it } from "vitest";
import { isDeeperThan, isJsonObject } from "./json-object.ts";

it("tells objects from lists, null and scalars", () => {
  expect(isJsonObject({})).toBe(true);
  for (const value of [[], null, "{}", 1]) expect(isJsonObject(value)).toBe(false);
});

it("counts levels of objects and lists in one another", () => {
  expect(isDeeperThan(2, { a: [1], b: 2 })).toBe(false);
  expect(isDeeperThan(2, { a: 1, b: [{}] })).toBe(true);
  expect(isDeeperThan(0, null)).toBe(false);
});
