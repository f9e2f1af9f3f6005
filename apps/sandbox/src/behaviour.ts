import { z } from "zod";
import { assetErrorShapes } from "../page/asset-error-shapes.ts";

export type AssetErrorShape = (typeof assetErrorShapes)[number];

/** How the sandbox behaves where the platform's pages disagree or say nothing. All of it can be changed while it runs. */
export interface Behaviour {
  /** Which rate headers are sent: all six, only Remaining and ToWait, or none. */
  readonly headers: "all" | "pair" | "none";
  /** Begins the two concurrency headers. */
  readonly headerSpelling: "X-Concurrency-Limit" | "X-ConcurrencyLimit";
  /** Whether the call that is being answered has already been taken off Remaining. */
  readonly remainingCountsCall: boolean;
  /** How ToWait is rounded to seconds, or that it is not sent. */
  readonly toWait: "up" | "down" | "missing";
  /** Whether a call that a limit refuses is told its wait as `Retry-After`, too. */
  readonly retryAfter: boolean;
  /** Status of a call that a limit refuses. */
  readonly limitedStatus: 429 | 409;
  /** How long a token is valid; 4 hours are documented. */
  readonly tokenLifetimeMs: number;
  /** Whether the API takes a client's token, or answers `Invalid Subscription Id`. */
  readonly servesClients: boolean;
  /** A sign-in is answered with the bare token, as documented, or with `{"access_token"}`, as a sample reads it. */
  readonly tokenAnswer: "text" | "json";
  /** Status of a push for a connector that is unknown or disabled. */
  readonly connectorRefusal: 400 | 403 | 404 | 422;
  /** What is done with a push whose `assetCount` is not that of its assets. */
  readonly wrongCount: "refuse" | "accept";
  /** What is done with fields that no page or client of the platform shows. */
  readonly unknownFields: "keep" | "refuse";
  /** A call whose client went away ends, or runs on and keeps its slot until it is done. */
  readonly vanishedCalls: "end" | "run";
  /** How long an import call takes. */
  readonly latencyMs: number;
  /** How long after a call was accepted its assets get into the inventory. */
  readonly visibleAfterMs: number;
  /** Software and ports that a later push of the same record lacks. */
  readonly absentItems: "remove" | "keep";
  /** Findings that it lacks; `fix` sets their status to FIXED. */
  readonly absentFindings: "remove" | "keep" | "fix";
  /** What `Required` of a rule means: it is in use, or the asset must have its attributes. */
  readonly requiredMeans: "selected" | "mandatory";
  /** What a search shows as the source of an asset. */
  readonly inventorySource: "sent" | "connector-name";
  /** The shape of `assetsError`, where a fault does not say. */
  readonly assetErrors: AssetErrorShape;
}

export const defaultBehaviour: Behaviour = {
  headers: "all",
  headerSpelling: "X-Concurrency-Limit",
  remainingCountsCall: true,
  toWait: "up",
  retryAfter: false,
  limitedStatus: 429,
  tokenLifetimeMs: 14_400_000,
  servesClients: true,
  tokenAnswer: "text",
  connectorRefusal: 400,
  wrongCount: "refuse",
  unknownFields: "keep",
  vanishedCalls: "end",
  latencyMs: 0,
  visibleAfterMs: 0,
  absentItems: "remove",
  absentFindings: "keep",
  requiredMeans: "selected",
  inventorySource: "sent",
  assetErrors: "map",
};

const durationMs = z.int().min(0);

/** Changes of the behaviour; what is not named stays. */
export const behaviourChangesSchema = z.strictObject({
  headers: z.enum(["all", "pair", "none"]).optional(),
  headerSpelling: z.enum(["X-Concurrency-Limit", "X-ConcurrencyLimit"]).optional(),
  remainingCountsCall: z.boolean().optional(),
  toWait: z.enum(["up", "down", "missing"]).optional(),
  retryAfter: z.boolean().optional(),
  limitedStatus: z.literal([429, 409]).optional(),
  tokenLifetimeMs: durationMs.max(86_400_000).optional(),
  servesClients: z.boolean().optional(),
  tokenAnswer: z.enum(["text", "json"]).optional(),
  connectorRefusal: z.literal([400, 403, 404, 422]).optional(),
  wrongCount: z.enum(["refuse", "accept"]).optional(),
  unknownFields: z.enum(["keep", "refuse"]).optional(),
  vanishedCalls: z.enum(["end", "run"]).optional(),
  latencyMs: durationMs.max(600_000).optional(),
  visibleAfterMs: durationMs.max(86_400_000).optional(),
  absentItems: z.enum(["remove", "keep"]).optional(),
  absentFindings: z.enum(["remove", "keep", "fix"]).optional(),
  requiredMeans: z.enum(["selected", "mandatory"]).optional(),
  inventorySource: z.enum(["sent", "connector-name"]).optional(),
  assetErrors: z.enum(assetErrorShapes).optional(),
});

export type BehaviourChanges = z.input<typeof behaviourChangesSchema>;

/** The behaviour after `changes`. */
export function changeBehaviour(behaviour: Behaviour, changes: BehaviourChanges): Behaviour {
  const named = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...behaviour, ...(Object.fromEntries(named) as Partial<Behaviour>) };
}
