export type { SandboxCall } from "./call-ledger.ts";
export type { Fault, FaultEffect, KeyMatch } from "./faults.ts";
export type { Connector } from "./import-request.ts";
export type { SandboxAsset } from "./inventory.ts";
export type { LimitChanges, SandboxEvent, SandboxOptions } from "./options.ts";
export { startSandbox, type Sandbox } from "./sandbox.ts";
