import { expect, it } from "vitest";
import { formatInstant, instantMs } from "./instant.ts";

it.each([
  ["2020-12-20T02:51:03.257Z", 1_608_432_663_257],
  ["2020-12-20 02:51:03Z", 1_608_432_663_000],
  ["2020-12-20t03:51+01:00", 1_608_432_660_000],
  ["2020-12-20", 1_608_422_400_000],
  ["1608432663", 1_608_432_663_000],
  [" 1608432663.257 ", 1_608_432_663_257],
  ["1608432663257", 1_608_432_663_257],
])("reads %s as %i ms since 1970", (text, ms) => {
  expect(instantMs(text)).toBe(ms);
});

it.each(["", "yesterday", "2020-12-20T02:51:03", "2020-13-20", "20.12.2020", "12345"])(
  "does not guess at %j",
  (text) => {
    expect(instantMs(text)).toBeNull();
  },
);

it("writes an instant in each of the three forms", () => {
  expect(formatInstant(1_608_432_663_257, "epoch-ms")).toBe(1_608_432_663_257);
  expect(formatInstant(1_608_432_663_257, "epoch-ms-string")).toBe("1608432663257");
  expect(formatInstant(1_608_432_663_257, "iso-8601")).toBe("2020-12-20T02:51:03.257Z");
});
