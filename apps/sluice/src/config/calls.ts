import type { senderSettings } from "@sluice/service";
import type { z } from "zod";
import type { AccountSettings } from "./account-settings.ts";
import type { ConfigFile } from "./file-schema.ts";

type Own = NonNullable<ConfigFile["accounts"][string]["calls"]>;

/** How an account's calls are made: as its own keys say, else as the environment does. */
export function callsOf(
  config: z.output<typeof senderSettings>,
  own: Own,
  assetsPerCall: number,
): AccountSettings["calls"] {
  return {
    callTimeoutMs: config.SLUICE_CALL_TIMEOUT_MS,
    policy: {
      pacing: own.pacing ?? config.SLUICE_PACING,
      callsReserved: own.reserved ?? config.SLUICE_CALLS_RESERVED,
      callsLive: own.live ?? config.SLUICE_CALLS_LIVE,
      callsBisection: own.bisection ?? config.SLUICE_CALLS_BISECTION,
      assetsPerCall,
      fallback: {
        limit: own.limit ?? config.SLUICE_CALLS_LIMIT,
        windowMs: (own.windowSec ?? config.SLUICE_CALLS_WINDOW_SEC) * 1_000,
        concurrency: own.concurrency ?? config.SLUICE_CALLS_CONCURRENCY,
      },
    },
  };
}
