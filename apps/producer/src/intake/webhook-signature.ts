import type { IncomingHttpHeaders } from "node:http";
import type { Secret } from "@sluice/service";
import { Webhook } from "standardwebhooks";

/** Whether headers and body were signed with a secret of ours, less than five minutes ago. */
export type SignatureCheck = (headers: IncomingHttpHeaders, body: Buffer) => boolean;

const HEADERS = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const;
/** Beyond it a sender may hide work for us: each signature is compared with each secret. */
const SIGNATURE_CHARS_MAX = 1_000;

/** Whether a request means to be taken for its signature (Standard Webhooks 1.0). */
export function isSigned(headers: IncomingHttpHeaders): boolean {
  return headers["webhook-signature"] !== undefined;
}

/**
 * Checks signatures by Standard Webhooks 1.0, of any of the secrets, so that one can be replaced without a gap. Throws an
 * `Error` for a secret that is none; it does not show it.
 */
export function createSignatureCheck(secrets: readonly Secret[]): SignatureCheck {
  const webhooks = secrets.map((secret, index) => webhookOf(secret, index));
  return (headers, body) => {
    const signed: Record<string, string> = {};
    for (const name of HEADERS) {
      const value = headers[name];
      if (typeof value !== "string" || value.length > SIGNATURE_CHARS_MAX) return false;
      signed[name] = value;
    }
    return webhooks.some((webhook) => isVerified(webhook, signed, body));
  };
}

function webhookOf(secret: Secret, index: number): Webhook {
  try {
    return new Webhook(secret.reveal());
  } catch {
    throw new Error(
      `Cannot use webhook secret ${index + 1}: it is not base64; give whsec_ and 24 to 64 bytes in base64`,
    );
  }
}

function isVerified(webhook: Webhook, headers: Record<string, string>, body: Buffer): boolean {
  try {
    webhook.verify(body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}
