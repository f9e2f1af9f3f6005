import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concealer } from "./conceal.ts";
import { jwtWith } from "./scripted-gateway.ts";

const password = `p%&#"'\\ <ä😀+`;

describe("concealer", () => {
  it.each([
    ["in clear", password],
    ["as JSON", JSON.stringify(password).slice(1, -1)],
    ["as JSON that is safe in HTML", String.raw`p%\u0026#\"\u0027\\ \u003cä\ud83d\ude00+`],
    ["in an address", encodeURIComponent(password)],
    ["in a form", new URLSearchParams([["p", password]]).toString().slice(2)],
    ["as HTML", "p%&amp;#&quot;&#39;\\ &lt;&#xe4;&#128512;+"],
  ])("finds the password %s", (_spelling, text) => {
    expect(concealer(password)(`before ${text} after`)).toBe("before [secret] after");
  });

  it("finds given tokens, and anything that looks like a JWT", () => {
    const conceal = concealer(password);
    expect(conceal("opaque-1 and opaque-2", ["opaque-1"])).toBe("[secret] and opaque-2");
    expect(conceal(`Bearer ${jwtWith({ sub: "x" })}.`)).toBe("Bearer [secret].");
  });

  it("leaves a text without secrets as it is, even when the password is empty", () => {
    expect(concealer("")("nothing to hide")).toBe("nothing to hide");
    expect(concealer("x.y")("xzy")).toBe("xzy");
  });

  it("leaves no trace of any password", () => {
    const inner = fc.string({ minLength: 1, unit: "grapheme" });
    fc.assert(
      fc.property(inner, fc.string(), (inner, around) => {
        const secret = `§${inner}§`;
        const text = `${around}${secret}${around}${encodeURIComponent(secret)}`;
        const shown = concealer(secret)(text);
        expect(shown).not.toContain(secret);
        expect(shown).not.toContain(encodeURIComponent(secret));
      }),
      { seed: 20261121, numRuns: 300 },
    );
  });
});
