/**
 * What became of a batch, named by what happens next. The sender is one exhaustive switch over it;
 * nobody else needs to know HTTP.
 */
export type Verdict =
  /** Every asset was taken. */
  | { kind: "accepted" }
  /** Taken, but for the named assets; errors that nobody can place are kept as text. */
  | { kind: "accepted-in-part"; rejected: readonly AssetError[]; unplaced: readonly string[] }
  /** Not looked at: too many calls. Goes back to the front; no attempt is counted. */
  | { kind: "limited"; cause: "rate" | "concurrency"; message: string }
  /** Qualys will not have this batch as it is. */
  | { kind: "refused"; message: string }
  /** More bytes than the server takes: split, and remember. */
  | { kind: "too-large"; message: string }
  /** Nothing was processed, or nothing that makes sense was answered. Later, same `requestId`. */
  | { kind: "unavailable"; message: string }
  /** The request went out and no answer came: it may have been processed. Later, same `requestId`. */
  | { kind: "unknown"; message: string }
  /** The token is not taken any more, and nothing was looked at. Goes back to the front; the next call signs in anew. */
  | { kind: "unauthorized"; message: string }
  /** The credentials, or what they may do, are not accepted. An operator has to act. */
  | {
      kind: "forbidden";
      message: string;
      /** It may be about what was sent, and not about who sent it. */
      mayBeBatch: boolean;
    }
  /** Whatever answers there is not the import API. An operator has to act. */
  | { kind: "wrong-address"; message: string };

/** One asset that Qualys did not take. `index` is its place in the batch. */
export interface AssetError {
  index: number;
  message: string;
}
