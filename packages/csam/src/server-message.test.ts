import { describe, expect, it } from "vitest";
import { isHtml, serverMessage, textOf } from "./server-message.ts";

describe("serverMessage", () => {
  it.each([
    [`{"responseCode":"FAILED","message":"no OS"}`, "no OS"],
    [`{"responseMessage":"wrong operator"}`, "wrong operator"],
    [`{"status":401,"error":"Unauthorized","message":"JWT expired"}`, "JWT expired"],
    [
      `{"authentication_exceptions":[["InvalidCredentials"]]}`,
      "authentication_exceptions: InvalidCredentials",
    ],
    [`{"message":"","error":{"detail":"no OS"}}`, "no OS"],
    [`["no OS","no IP",null]`, "no OS; no IP"],
    [`{"code":7,"flag":true}`, "code: 7; flag: true"],
    ["  in plain words\n", "in plain words"],
    [`{"message":"cut`, `{"message":"cut`],
    ["<!DOCTYPE html><p>Sorry", "a web page"],
    ["", "no explanation"],
    ["{}", "no explanation"],
  ])("reads %s as: %s", (body, words) => {
    expect(serverMessage(body)).toBe(words);
  });
});

describe("textOf", () => {
  it("stops at a bounded depth", () => {
    let deep: unknown = "hidden";
    for (let level = 0; level < 5000; level += 1) {
      deep = [deep];
    }
    expect(textOf(deep)).toBe("…");
  });
});

describe("isHtml", () => {
  it.each([
    ["\uFEFF\n<HTML lang='en'>", true],
    ["<SIMPLE_RETURN><CODE>1965</CODE></SIMPLE_RETURN>", false],
    [`{"message":"<html>"}`, false],
  ])("tells a web page from other text: %s %s", (body, expected) => {
    expect(isHtml(body)).toBe(expected);
  });
});
