import { isJsonObject } from "@sluice/inventory";
import { parseJson } from "./json.ts";

/** Where the APIs of the gateway are known to put their words, the most telling first. */
const messageFields = [
  "message",
  "responseMessage",
  "errorMessage",
  "error_description",
  "error",
  "reason",
  "detail",
  "details",
  "description",
] as const;

const depthMax = 4;

/** The words of an answer for a person to read: the JSON's message, or the text. */
export function serverMessage(body: string): string {
  if (isHtml(body)) {
    return "a web page";
  }
  const json = parseJson(body);
  const text = isJsonObject(json) || Array.isArray(json) ? textOf(json) : body.trim();
  return text === "" ? "no explanation" : text;
}

/** True for a web page, which none of the APIs answers with. */
export function isHtml(body: string): boolean {
  return /^\uFEFF?\s*<(?:!doctype\s+html|html|head|body|script|meta)\b/i.test(body);
}

/** True when an object says something in words, rather than holding other things. */
export function hasMessage(value: Readonly<Record<string, unknown>>): boolean {
  return messageFields.some((field) => textOf(value[field]) !== "");
}

/** Any JSON value in one line of words; empty when it says nothing. */
export function textOf(value: unknown, depth = 0): string {
  if (typeof value === "string") {
    return value.trim();
  }
  if (typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  if (depth === depthMax) {
    return value === null || value === undefined ? "" : "…";
  }
  if (Array.isArray(value)) {
    return joined(value.map((item) => textOf(item, depth + 1)));
  }
  return isJsonObject(value) ? objectText(value, depth) : "";
}

function objectText(value: Readonly<Record<string, unknown>>, depth: number): string {
  for (const field of messageFields) {
    const text = textOf(value[field], depth + 1);
    if (text !== "") {
      return text;
    }
  }
  return joined(
    Object.entries(value).map(([name, member]) => {
      const text = textOf(member, depth + 1);
      return text === "" ? "" : `${name}: ${text}`;
    }),
  );
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("; ");
}
