export { startWorker, type WorkerOptions, type WorkerSettings } from "./worker.ts";
