/** One way to strain the governor; limits are per window. */
export interface Scenario {
  windowMs: number;
  concurrency: number;
  senders: number;
  /** The limit of each equal part of the run. */
  limits: readonly number[];
  /** The part of the budget that another user's script takes. */
  foreignShare: number;
  /** How often a sender is killed in the midst of a call. */
  kills: number;
}

const LIMIT = 60;

const steady: Omit<Scenario, "windowMs"> = {
  concurrency: 2,
  senders: 3,
  limits: [LIMIT],
  foreignShare: 0,
  kills: 0,
};
const foreign = { ...steady, foreignShare: 1 / 3 };
const limits = { ...steady, limits: [LIMIT, LIMIT / 2, LIMIT] };
const short = { windowMs: 2_000 };
const long = { windowMs: 10_000 };

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "steady-2s": { ...steady, ...short },
  "steady-10s": { ...steady, ...long },
  "foreign-2s": { ...foreign, ...short },
  "foreign-10s": { ...foreign, ...long },
  "limits-2s": { ...limits, ...short },
  "limits-10s": { ...limits, ...long },
  // With one call at a time the one that dies has the only slot, and the standby has to wait for its lease to end.
  kill: { ...steady, ...long, concurrency: 1, senders: 2, kills: 6 },
};
