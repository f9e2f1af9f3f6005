import { describe, expect, it } from "vitest";
import { Allowance, Lease } from "./allowance.ts";

describe("an allowance of bytes", () => {
  it("is never exceeded, and what does not fit takes nothing", () => {
    const allowance = new Allowance(10);
    using first = new Lease(allowance);
    using second = new Lease(allowance);
    expect([first.take(6), second.take(5), second.take(4), first.take(1)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(allowance.taken).toBe(10);
  });

  it("gets back what a request still has when it ends, and what it handed over when that is done", async () => {
    const allowance = new Allowance(10);
    const [stored, failed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    {
      using lease = new Lease(allowance);
      lease.take(9);
      lease.handOver(4, stored.promise);
      lease.handOver(3, failed.promise);
    }
    expect(allowance.taken).toBe(7);
    stored.resolve();
    await stored.promise;
    expect(allowance.taken).toBe(3);
    failed.reject(new Error("Redis is gone"));
    await failed.promise.catch(() => {});
    expect(allowance.taken).toBe(0);
  });

  it("hands over no more than was taken", async () => {
    const allowance = new Allowance(10);
    using lease = new Lease(allowance);
    lease.take(3);
    lease.handOver(Infinity, Promise.resolve());
    await Promise.resolve();
    expect(allowance.taken).toBe(0);
  });
});
