import { describe, expect, it } from "vitest";
import { canonicalMac } from "./mac-address.ts";

describe("canonicalMac", () => {
  it.each([
    "00:50:56:81:01:e3",
    "00-50-56-81-01-E3",
    "0050.5681.01e3",
    "0050-5681-01e3",
    "0050:5681:01e3",
    "005056-8101e3",
    "0050568101E3",
  ])("writes %s as upper-case pairs joined by colons", (text) => {
    expect(canonicalMac(text)).toBe("00:50:56:81:01:E3");
  });

  it.each([
    "",
    "00:50:56:81:01",
    "00:50:56:81:01:e3:ff",
    "00:50-56:81-01:e3",
    "00:50:56:81:01:zz",
    "00:00:00:00:00:00",
    "ff-ff-ff-ff-ff-ff",
  ])("does not take %j for an interface's address", (text) => {
    expect(canonicalMac(text)).toBeNull();
  });
});
