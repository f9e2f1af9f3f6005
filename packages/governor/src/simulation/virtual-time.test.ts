import { expect, it } from "vitest";
import { VirtualTime } from "./virtual-time.ts";

it("what is to happen happens in order of time, and at one time in the order it was said", () => {
  const time = new VirtualTime(100);
  const happened: string[] = [];
  function tell(name: string): () => void {
    return () => happened.push(`${name} ${time.nowMs}`);
  }
  time.after(50, tell("later"));
  time.at(120, tell("first"));
  time.at(150, tell("latest"));
  time.at(20, () => {
    tell("never before now")();
    time.at(110, tell("meanwhile"));
  });
  time.run(() => false);
  expect(happened).toEqual([
    "never before now 100",
    "meanwhile 110",
    "first 120",
    "later 150",
    "latest 150",
  ]);
});

it("the clock stops when told to", () => {
  const time = new VirtualTime(0);
  let happened = 0;
  function happen(): void {
    happened += 1;
    time.after(1, happen);
  }
  happen();
  time.run(() => happened === 5);
  expect(time.nowMs).toBe(4);
});
