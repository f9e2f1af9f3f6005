import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { addAssetsRoute } from "./assets-route.ts";
import { authenticate, SIGNER, type Credentials } from "./authenticate.ts";
import type { IntakeConnectors } from "./intake-connector.ts";
import { Problem } from "./problem.ts";
import type { Receiving } from "./receive-assets.ts";
import { addRunRoutes } from "./run-routes.ts";

export interface RoutesOptions extends Receiving {
  credentials: Credentials;
  connectors: IntakeConnectors;
  bodyBytesMax: number;
  /** For each caller. */
  callsPerSecMax: number;
}

/** Everything below `/v1`: for callers who say who they are, and not more often than they may. */
export async function addRoutes(app: FastifyInstance, options: RoutesOptions): Promise<void> {
  const { credentials, callsPerSecMax } = options;
  await app.register(async (v1) => {
    v1.addHook("onRequest", async (request) => {
      const maySign = request.routeOptions.config.maySign ?? false;
      request.caller = authenticate(credentials, request, maySign);
    });
    await v1.register(rateLimit, {
      max: callsPerSecMax,
      timeWindow: 1_000,
      // Once it is known who calls, and before the body is read.
      hook: "preParsing",
      // Anybody can call himself a signer.
      keyGenerator: ({ caller, ip }: FastifyRequest) =>
        caller === SIGNER ? `${caller} ${ip}` : caller,
      errorResponseBuilder: () =>
        new Problem(429, `More than ${callsPerSecMax} requests in a second; send fewer`),
    });
    addAssetsRoute(v1, options);
    addRunRoutes(v1, options);
  });
}
