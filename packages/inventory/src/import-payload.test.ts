import { expect, it } from "vitest";
import { importPayload } from "./import-payload.ts";

const batch = { requestId: 'r"1', source: "WEBHOOK", connectorUuid: "c" };

it("joins assets into the payload of the webhook page, in its field order", () => {
  const assets = ['{"identityAttributes":{}}', '{"coreAttributes":{}}'].map((text) =>
    Buffer.from(text),
  );
  expect(importPayload({ ...batch, assets }).toString()).toBe(
    JSON.stringify({
      connectorMetaData: {
        requestId: 'r"1',
        assetCount: 2,
        source: "WEBHOOK",
        connectorUuid: "c",
      },
      assetData: [{ identityAttributes: {} }, { coreAttributes: {} }],
    }),
  );
});

it("is JSON without assets too", () => {
  expect(JSON.parse(importPayload({ ...batch, assets: [] }).toString())).toMatchObject({
    assetData: [],
  });
});
