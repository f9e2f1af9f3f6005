/**
 * Makes a function that replaces secrets in a text by `[secret]`: a server, or a proxy before it,
 * may echo what it was sent. Each of `secrets` is found in clear and as JSON, a form or HTML spells it;
 * the given tokens are found in clear, and so is anything else that looks like a JWT.
 */
export function concealer(
  ...secrets: readonly string[]
): (text: string, tokens?: readonly string[]) => string {
  const patterns = [...secrets.filter((secret) => secret !== "").map(anySpelling), jwt];
  return (text, tokens = []) => {
    const shown = tokens.reduce((rest, token) => rest.replaceAll(token, mark), text);
    return patterns.reduce((rest, pattern) => rest.replace(pattern, mark), shown);
  };
}

const mark = "[secret]";

/** The look-behind makes each run of letters one start only, so the search stays linear. */
const jwt = /(?<![\w-])eyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?/g;

const entities: Record<string, string> = {
  "&": "amp",
  "<": "lt",
  ">": "gt",
  '"': "quot",
  "'": "apos",
};

function anySpelling(secret: string): RegExp {
  return new RegExp(Array.from(secret, spellings).join(""), "giu");
}

/** Hexadecimal escapes keep every character of a secret literal inside the expression. */
function spellings(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  const entity = entities[character];
  const forms = [
    `\\\\?\\u{${point.toString(16)}}`,
    units.map((unit) => `\\\\u${unit.toString(16).padStart(4, "0")}`).join(""),
    Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
    `&#(?:${point}|x0*${point.toString(16)});`,
    ...(entity === undefined ? [] : [`&${entity};`]),
    ...(character === " " ? ["\\+"] : []),
  ];
  return `(?:${forms.join("|")})`;
}
