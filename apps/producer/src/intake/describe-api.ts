import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform } from "fastify-type-provider-zod";

const DESCRIPTION =
  "Takes assets and vulnerabilities, and brings them into Qualys CSAM. Every answer that refuses a request is a problem document (RFC 9457).";

const SECURITY_SCHEMES = {
  bearer: { type: "http", scheme: "bearer", description: "a key of sluice key NAME" },
  header: { type: "apiKey", in: "header", name: "X-API-Key" },
  signature: {
    type: "apiKey",
    in: "header",
    name: "webhook-signature",
    description: "Standard Webhooks, with webhook-id and webhook-timestamp",
  },
} as const;

/** Makes the routes that are added from now on part of the OpenAPI description, from the schemas by which they check. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Sluice intake", version: "1", description: DESCRIPTION },
      components: { securitySchemes: SECURITY_SCHEMES },
    },
    transform: jsonSchemaTransform,
  });
}
