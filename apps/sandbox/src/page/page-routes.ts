import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { extname } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Answer } from "../answer.ts";
import { addLocalRoute } from "../api/local-route.ts";

const folder = new URL("../../page/", import.meta.url);

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".svg": "image/svg+xml",
  ".ts": "text/javascript; charset=utf-8",
};

/** The page loads and asks for what is here, and nothing else; it can make no text into HTML or a script. */
const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cache-control": "no-cache",
};

/**
 * The web page: `GET /` and the files of `apps/sandbox/page` under `/page/`, only for the same machine. Its modules are
 * TypeScript; the browser gets them with the types blanked out, so lines and columns stay.
 */
export function addPageRoutes(app: FastifyInstance): void {
  addLocalRoute(app, "GET", "/", () => answerFile("index.html"));
  for (const name of readdirSync(folder)) {
    if (contentTypes[extname(name)] === undefined) continue;
    addLocalRoute(app, "GET", `/page/${name}`, () => answerFile(name));
  }
}

async function answerFile(name: string): Promise<Answer> {
  const text = await readFile(new URL(name, folder), "utf8");
  const extension = extname(name);
  return {
    kind: "answer",
    status: 200,
    headers: { ...headers, "content-type": contentTypes[extension] ?? "" },
    body: extension === ".ts" ? stripTypeScriptTypes(text) : text,
  };
}
