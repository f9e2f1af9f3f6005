import type { FastifyError } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { Problem } from "./problem.ts";

/** The answer to whatever went wrong with a request; null when it is our mistake and not the client's. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error);
  const { statusCode, message, code } = error as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return unsupportedType();
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Problem(statusCode, message ?? "The request cannot be understood");
  }
  return null;
}

export function unsupportedType(): Problem {
  return new Problem(
    415,
    "The body has to be application/json (an asset or an array) or application/x-ndjson (an asset a line); set Content-Type",
    { headers: { accept: "application/json, application/x-ndjson" } },
  );
}

function invalid(error: {
  validation: readonly { instancePath: string; message?: string | undefined }[];
  validationContext?: string | undefined;
}): Problem {
  const errors = error.validation.map(({ instancePath, message = "It cannot be used" }) => ({
    path: instancePath.replace(/^\//, ""),
    message,
  }));
  const where = error.validationContext === "querystring" ? "query" : "address";
  const what = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message));
  return new Problem(400, `The ${where} cannot be used: ${what.join("; ")}`, { errors });
}

/** What a client sent is no HTTP, or comes too slowly. */
export function problemOfConnection(code: string | undefined): Problem {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new Problem(408, "The request did not arrive in time; send it again");
  }
  if (code === "HPE_HEADER_OVERFLOW") {
    return new Problem(431, "The headers are too long; send fewer or shorter ones");
  }
  return new Problem(400, "The request is not HTTP/1.1; check what sends it");
}
