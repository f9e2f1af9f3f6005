import { readdirSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { startSandbox } from "../sandbox.ts";

const folder = new URL("../../page/", import.meta.url);

const outerAddress = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;

describe("the page's files", () => {
  it("are served with a policy that lets in nothing else, the page itself at the root", async () => {
    await using sandbox = await startSandbox();
    const response = await fetch(sandbox.url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    );
    expect(await response.text()).not.toMatch(/ style=| on\w+=|https?:\/\/(?!docs\.qualys\.com)/);
  });

  it("are JavaScript where they were TypeScript", async () => {
    await using sandbox = await startSandbox();
    const modules = readdirSync(folder).filter((name) => name.endsWith(".ts"));
    expect(modules).toContain("main.ts");
    for (const name of modules) {
      const response = await fetch(`${sandbox.url}/page/${name}`);
      expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(await response.text()).not.toMatch(/^(export )?(interface|type) /m);
    }
  });

  it.each(["tsconfig.json", "../src/sandbox.ts", "..%2fpackage.json", "none.ts", ""])(
    "are all there is under /page: not %j",
    async (name) => {
      await using sandbox = await startSandbox();
      expect((await fetch(`${sandbox.url}/page/${name}`)).status).toBe(404);
    },
  );

  it.skipIf(outerAddress === undefined)(
    "are closed to other machines (skipped where there is no network interface)",
    async () => {
      await using sandbox = await startSandbox({ host: "0.0.0.0" });
      const outside = new URL("/page/main.ts", sandbox.url);
      outside.hostname = outerAddress ?? "";
      expect((await fetch(outside)).status).toBe(403);
    },
  );
});
