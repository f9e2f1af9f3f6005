import { workerData } from "node:worker_threads";

/** The program of a thread that ends its process when the parent of that is another than it was. */
const LOOK_MS = 1_000;

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL");
}, LOOK_MS);
