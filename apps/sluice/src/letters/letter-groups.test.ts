import type { DeadLetter } from "@sluice/queue";
import { describe, expect, it } from "vitest";
import { LetterGroups, shapeOf } from "./letter-groups.ts";

function letterOf(message: string, atMs: number, reason = "refused"): DeadLetter {
  const place = { path: "", source: "hosts.ndjson", line: atMs, raw: "{}" };
  const of = { connector: "c", run: "r", version: 1 };
  return { id: `id-${atMs}`, key: `host-${atMs}`, reason, message, ...place, ...of, atMs };
}

function groupsOf(...letters: readonly DeadLetter[]) {
  const groups = new LetterGroups();
  for (const letter of letters) groups.add(letter);
  return groups.list();
}

describe("the shape of a message", () => {
  it.for([
    ['Cannot map "os.name": 17 is no text', 'Cannot map "…": # is no text'],
    ["no such site", "no such site"],
    ['it ends within "quotes', 'it ends within "…"'],
  ] as const)("of %s is %s", ([message, shape]) => {
    expect(shapeOf(message)).toBe(shape);
  });
});

describe("groups of letters", () => {
  it("are made by reason and shape, that with the newest letter first", () => {
    const groups = groupsOf(
      letterOf("no site 1", 10),
      letterOf("no site 2", 30),
      letterOf("no key", 40, "no-key"),
      letterOf("no site 3", 20),
    );
    expect(groups).toMatchObject([
      { reason: "no-key", message: "no key", letters: 1 },
      { reason: "refused", message: "no site #", letters: 3, newest: { id: "id-30" } },
    ]);
  });

  it("are never too many: beyond a thousand shapes the reason alone tells them apart", () => {
    const letters = Array.from({ length: 1_500 }, (_, index) =>
      letterOf(`no ${"x".repeat(index % 250)}${"y".repeat(Math.floor(index / 250))}`, index),
    );
    const groups = groupsOf(...letters);
    expect(groups.length).toBeLessThanOrEqual(1_001);
    expect(groups.reduce((sum, { letters: count }) => sum + count, 0)).toBe(1_500);
  });
});
