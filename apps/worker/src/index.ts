export type { TransformRecipe } from "./isolated-process.ts";
export { startWorker, type WorkerOptions, type WorkerSettings } from "./worker.ts";
