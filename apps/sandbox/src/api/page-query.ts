import { z } from "zod";

/** The query of a page: at most `limit` things after the one that the page before names as `next`. */
export function pageQuerySchema(limitMax: number) {
  return z.object({
    limit: z.coerce.number().int().min(1).max(limitMax).default(100),
    after: z.coerce.number().int().min(0).optional(),
  });
}
