import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { SIGNER } from "./authenticate.ts";
import { tooLarge } from "./body-meter.ts";
import { parseIdempotencyKey, type Idempotency } from "./idempotency.ts";
import { onlyMethod } from "./only-method.ts";
import { noSuchConnector, Problem } from "./problem.ts";
import { receiveAssets, type AssetsRequest } from "./receive-assets.ts";
import { refusals } from "./refusals.ts";
import { unsupportedType } from "./request-errors.ts";
import type { RoutesOptions } from "./routes.ts";
import { accepted, assetsBody, assetsHeaders, assetsQuery, connectorParams } from "./schemas.ts";

/** A signature is checked in one go, before it is known who sent it. */
const SIGNED_BYTES_MAX = 1_048_576;

const URL = "/v1/connectors/:name/assets";

/** `POST /v1/connectors/{name}/assets`: one asset, an array, or NDJSON; 202 once all of it is in Redis. */
export function addAssetsRoute(app: FastifyInstance, options: RoutesOptions): void {
  const { connectors, bodyBytesMax } = options;
  const { isSignatureValid } = options.credentials;
  app.withTypeProvider<ZodTypeProvider>().post(
    URL,
    {
      config: { maySign: true },
      schema: {
        operationId: "sendAssets",
        summary: "Send assets: one, an array, or NDJSON; also with Content-Encoding: gzip",
        security: [{ bearer: [] }, { header: [] }, { signature: [] }],
        consumes: ["application/json", "application/x-ndjson"],
        params: connectorParams,
        querystring: assetsQuery,
        headers: assetsHeaders,
        body: assetsBody,
        response: { 202: accepted, ...refusals(400, 401, 404, 409, 413, 415, 422, 429, 503) },
      },
    },
    async (request, reply) => {
      const { name: connector } = request.params;
      if (!connectors.has(connector)) throw noSuchConnector(connector, connectors);
      const { lane, run: runName = null } = request.query;
      const target = { connector, lane, runName };
      const isSigned = request.caller === SIGNER;
      const answer = await receiveAssets(options, {
        ...headOf(request, isSigned ? Math.min(bodyBytesMax, SIGNED_BYTES_MAX) : bodyBytesMax),
        ...target,
        idempotency: idempotencyOf(request, target),
        isBodyGenuine:
          isSigned && isSignatureValid !== null
            ? (body) => isSignatureValid(request.headers, body)
            : null,
      });
      return await reply.code(202).send(answer);
    },
  );
  onlyMethod(app, "POST", URL);
}

type Head = Pick<AssetsRequest, "id" | "raw" | "format" | "isCompressed" | "bodyBytesMax">;

/** What the headers say of the body. */
function headOf({ id, raw, headers, caller }: FastifyRequest, bodyBytesMax: number): Head {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type === undefined) throw unsupportedType();
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  const isCompressed = encoding === "gzip" || encoding === "x-gzip";
  if (!isCompressed && encoding !== "identity") {
    throw new Problem(
      415,
      "The body can only be compressed with gzip; set Content-Encoding: gzip",
      {
        headers: { "accept-encoding": "gzip, identity" },
      },
    );
  }
  if (isCompressed && caller === SIGNER) {
    throw new Problem(415, "A signed body has to be sent as it is, without Content-Encoding");
  }
  if (Number(headers["content-length"] ?? 0) > bodyBytesMax) throw tooLarge(bodyBytesMax);
  const format = type === "application/json" ? "json" : "ndjson";
  return { id, raw, format, isCompressed, bodyBytesMax };
}

type Target = Pick<AssetsRequest, "connector" | "lane" | "runName">;

/** The key of the header, or the id of a signed message. */
function idempotencyOf(
  { headers, caller }: FastifyRequest,
  { connector, lane, runName }: Target,
): Idempotency | null {
  const given = parseIdempotencyKey(headers["idempotency-key"]);
  const key = given ?? (caller === SIGNER ? String(headers["webhook-id"]) : null);
  if (key === null) return null;
  return { key, scope: [caller, connector], target: [lane, runName ?? ""] };
}
