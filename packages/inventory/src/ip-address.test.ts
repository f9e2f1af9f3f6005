import { describe, expect, it } from "vitest";
import { canonicalIp } from "./ip-address.ts";

describe("canonicalIp", () => {
  it.each([
    ["100.63.255.250", "100.63.255.250"],
    ["2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["fe80::1%eth0", "fe80::1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::FFFF:0a00:0001", "10.0.0.1"],
  ])("writes %s as %s", (text, canonical) => {
    expect(canonicalIp(text)).toBe(canonical);
  });

  it.each(["", "10.0.0.300", "010.0.0.1", "10.0.0.1/24", "host", "1::2::3", "10.0.0.1%eth0"])(
    "does not take %j for an address",
    (text) => {
      expect(canonicalIp(text)).toBeNull();
    },
  );

  it.each(["0.0.0.0", "127.0.0.1", "127.8.8.8", "::", "::1", "::1%lo", "::ffff:127.0.0.1"])(
    "does not tell a host by %s",
    (text) => {
      expect(canonicalIp(text)).toBeNull();
    },
  );
});
