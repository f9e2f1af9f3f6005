export { produce, type ProduceOptions } from "./produce.ts";
