import { expect, it } from "vitest";
import { memoryMb } from "./memory-size.ts";

it.each([
  ["8192", 8192],
  [" 8192 MB ", 8192],
  ["8 GB", 8192],
  ["7.5GiB", 7680],
  ["1t", 1_048_576],
  ["8388608 KB", 8192],
  ["8589934592 bytes", 8192],
  ["0", 0],
])("reads %j as %i MB", (text, mb) => {
  expect(memoryMb(text)).toBe(mb);
});

it.each(["", "lots", "-8", "8 parsecs", "8,192 MB", "1e3", "8 GB 2"])(
  "does not take %j for a size",
  (text) => {
    expect(memoryMb(text)).toBeNull();
  },
);
