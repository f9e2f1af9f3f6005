import type { FastifyInstance } from "fastify";
import { Problem } from "./problem.ts";

/** Answers every other method of an address with 405. */
export function onlyMethod(app: FastifyInstance, method: "GET" | "POST", url: string): void {
  const allowed: readonly string[] = method === "GET" ? ["GET", "HEAD"] : [method];
  const others = app.supportedMethods.filter((other) => !allowed.includes(other));
  const refuse = async (): Promise<never> => {
    const detail = `Only ${allowed.join(" and ")} can be used here`;
    throw new Problem(405, detail, { headers: { allow: allowed.join(", ") } });
  };
  app.route({
    method: others,
    url,
    schema: { hide: true },
    // Before anybody looks at the body.
    preParsing: refuse,
    handler: refuse,
  });
}
