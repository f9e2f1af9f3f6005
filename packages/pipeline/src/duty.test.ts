import { describe, expect, it } from "vitest";
import { Duty, type DueWork } from "./duty.ts";

const nothing: DueWork = { chunks: 0, connectors: 0, batches: 0 };
const something: DueWork = { ...nothing, chunks: 1 };

function dutyOfChunks(): Duty {
  return new Duty("take a chunk", ({ chunks }) => chunks > 0);
}

describe("a duty", () => {
  it("is missed at each look that finds it due and not done since the one before", () => {
    const duty = dutyOfChunks();
    expect([1, 2, 3].map(() => duty.look(something))).toEqual([1, 2, 3]);
  });

  it.for([
    ["it is done", something, (duty: Duty) => duty.done()],
    ["nothing is due", nothing, () => {}],
    ["Redis does not answer", null, () => {}],
  ] as const)("begins anew when %s", ([, work, happen]) => {
    const duty = dutyOfChunks();
    duty.look(something);
    happen(duty);
    expect(duty.look(work)).toBe(0);
    expect(duty.look(something)).toBe(1);
  });

  it("is due while a piece is in hand, and done when the piece ends", async () => {
    const duty = dutyOfChunks();
    const { promise, reject } = Promise.withResolvers<never>();
    const carrying = duty.carry(() => promise);
    expect([1, 2, 3].map(() => duty.look(nothing))).toEqual([0, 1, 2]);
    reject(new Error("failed"));
    await expect(carrying).rejects.toThrow("failed");
    expect(duty.look(something)).toBe(0);
    expect(duty.look(nothing)).toBe(0);
  });

  it("is not due because of a piece that waits for somebody else", async () => {
    const duty = dutyOfChunks();
    const waiting = Promise.withResolvers<string>();
    const after = Promise.withResolvers<string>();
    const carrying = duty.carry(async () => {
      const answer = await duty.waitFor(() => waiting.promise);
      return answer + (await after.promise);
    });
    duty.look(nothing);
    expect(duty.look(nothing)).toBe(0);
    expect(duty.look(something)).toBe(1);
    waiting.resolve("a");
    await waiting.promise;
    await Promise.resolve();
    expect(duty.look(nothing)).toBe(0);
    expect(duty.look(nothing)).toBe(1);
    after.resolve("b");
    expect(await carrying).toBe("ab");
  });
});
