import { writeSync } from "node:fs";
import { Session } from "node:inspector";
import { workerData } from "node:worker_threads";
import type { LoopWatch } from "./loop-watchdog.ts";

/* The thread of `watchLoop`. Looks are counted, not time: a process that was stopped for a while did not hang. */

const LOOKS = 4;
const RESTART_MS_MAX = 5_000;
const STDERR = 2;

const { beats, timeoutMs, app, restart } = workerData as LoopWatch;
let seen = Atomics.load(beats, 0);
let missedLooks = 0;

const looking = setInterval(() => {
  const now = Atomics.load(beats, 0);
  missedLooks = now === seen ? missedLooks + 1 : 0;
  seen = now;
  if (missedLooks < LOOKS) return;
  clearInterval(looking);
  tell();
  restartFromOutside();
}, timeoutMs / LOOKS);

function tell(): void {
  const problem = `the event loop has stood still for ${timeoutMs / 1_000} s; the process starts again`;
  const time = new Date().toISOString();
  writeSync(
    STDERR,
    `${JSON.stringify({ level: "error", time, app, event: "process.hung", problem })}\n`,
  );
}

/** The inspector gets in between two steps of a loop without end; what hangs outside of JavaScript only a signal ends. */
function restartFromOutside(): void {
  const session = new Session();
  session.connectToMainThread();
  session.post("Runtime.evaluate", { expression: `${restart}()` });
  setTimeout(() => process.kill(process.pid, "SIGKILL"), RESTART_MS_MAX);
}
