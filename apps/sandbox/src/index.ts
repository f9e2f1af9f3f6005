export type { Behaviour, BehaviourChanges } from "./behaviour.ts";
export type { SandboxCall } from "./call-ledger.ts";
export type { Connector } from "./connectors/connector.ts";
export {
  parseFaultPlan,
  type Fault,
  type FaultEffect,
  type FaultPlan,
  type KeyMatch,
} from "./faults/fault.ts";
export type { SandboxAsset } from "./inventory/known-asset.ts";
export type { LimitChanges, SandboxEvent, SandboxMode, SandboxOptions } from "./options.ts";
export { startSandbox, type Sandbox } from "./sandbox.ts";
