import { expect, it } from "vitest";
import { fullyQualified } from "./domain-name.ts";

it.each([
  ["web.example.com", "web.example.com"],
  ["web.example.com.", "web.example.com"],
  ["WEB-01.corp", "WEB-01.corp"],
  [`${"a".repeat(63)}.example`, `${"a".repeat(63)}.example`],
  ["1.2.3.4.in-addr.arpa", "1.2.3.4.in-addr.arpa"],
])("takes %s for a fully qualified name", (text, name) => {
  expect(fullyQualified(text)).toBe(name);
});

it.each([
  "",
  ".",
  "web",
  "10.0.0.1",
  "web..example.com",
  "-web.example.com",
  "web_1.example.com",
  `${"a".repeat(64)}.example`,
  `${"a.".repeat(127)}aa`,
])("does not take %s for one", (text) => {
  expect(fullyQualified(text)).toBeNull();
});
