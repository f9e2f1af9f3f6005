import { describe, expect, it } from "vitest";
import { parseProxy, proxySecret } from "./proxy.ts";

describe("parseProxy", () => {
  it.each([
    ["http://proxy.example:3128", "http://proxy.example:3128/", ""],
    ["proxy.example:3128", "http://proxy.example:3128/", ""],
    ["https://u:p%40ss@proxy.example", "https://u:p%40ss@proxy.example/", "p@ss"],
  ])("takes %s", (text, url, password) => {
    const proxy = parseProxy("QUALYS_PROXY", text);
    expect(proxy.url.reveal()).toBe(url);
    expect(proxySecret(proxy)).toBe(password);
  });

  it.each([
    "socks5://u:hunter2@h:1",
    "http://u:hunter2%@h",
    "http://u:hunter2%ff@h",
    "http://:hunter2",
    "//:hunter2@",
  ])("refuses %s without repeating it", (text) => {
    expect(() => parseProxy("QUALYS_PROXY", text)).toThrow(/^Cannot use QUALYS_PROXY: /);
    expect(() => parseProxy("QUALYS_PROXY", text)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
  });
});
