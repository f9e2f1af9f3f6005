import { emptyReading, type Reading } from "@sluice/governor";
import type { Verdict } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import { type Answer, judge } from "./answer.ts";

const options = {
  assets: () => [{ sourceNativeKey: "key-a", names: [] }],
  limitedStatuses: [429],
};

function verdictOn(
  status: number,
  body: unknown = "",
  reading: Partial<Reading> = {},
  answer: Partial<Answer> = {},
): Verdict {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return judge(
    { status, headers: {}, body: text, isComplete: true, ...answer },
    { ...emptyReading, ...reading },
    options,
  );
}

const published = { message: "Submitted", responseCode: "SUCCESSFULLY_PUBLISHED", assetsError: {} };
const conflict = { responseCode: "FAILED", message: "Conflict" };
const invalidSubscription = {
  responseCode: "FAILED",
  message: "Error validating customer from token - Invalid Subscription Id",
};
const loginPage = `<!DOCTYPE html><form><input name="p" type="password"></form>`;

describe("judge", () => {
  it.each([
    [200, published, "accepted"],
    [200, { responseCode: "SUCCESS" }, "accepted"],
    [200, { responseCode: "success", assetsError: null }, "accepted"],
    [201, { message: "Submitted" }, "accepted"],
    [200, "{}", "accepted"],
    [200, `\uFEFF{"responseCode":"SUCCESS"}`, "accepted"],
    [202, "", "accepted"],
    [204, "", "accepted"],
    [207, published, "accepted"],
    [207, { message: "2 of 3" }, "accepted-in-part"],
    [200, { ...published, assetsError: { "key-a": "bad IP" } }, "accepted-in-part"],
    [200, { responseCode: "PARTIALLY_PUBLISHED" }, "accepted-in-part"],
    [200, { responseCode: "FAILED", message: "no" }, "refused"],
    [200, { responseCode: "NEW_CODE" }, "refused"],
    [200, { error: "no" }, "refused"],
    [200, invalidSubscription, "forbidden"],
    [200, "<html><body>Welcome</body></html>", "unavailable"],
    [200, "OK", "unavailable"],
    [200, `{"responseCode":"SUCC`, "unavailable"],
    [200, `"SUCCESS"`, "unavailable"],
    [200, "[]", "unavailable"],
    [200, "null", "unavailable"],
    [200, loginPage, "wrong-address"],
    [301, "", "wrong-address"],
    [302, loginPage, "wrong-address"],
    [304, "", "wrong-address"],
    [400, { responseCode: "FAILED", message: "assetData[3].ipAddress is invalid" }, "refused"],
    [400, "", "refused"],
    [400, { message: "Invalid token '<' at position 0" }, "refused"],
    [400, { message: "hostName exceeds the maximum length of 255" }, "refused"],
    [400, { message: "body.assetData[0].name: length must not exceed 255" }, "refused"],
    [400, invalidSubscription, "forbidden"],
    [400, { message: "Customer not found" }, "forbidden"],
    [400, { message: "Invalid token" }, "forbidden"],
    [400, { message: "Request size exceeds the limit of 1 MB" }, "too-large"],
    [400, { message: "The payload is too large" }, "too-large"],
    [400, { message: "Request Entity Too Large" }, "too-large"],
    [400, { message: "The request body exceeds the maximum size" }, "too-large"],
    [400, { message: "Maximum payload size is 1 MB" }, "too-large"],
    [400, { message: "Too many assets" }, "too-large"],
    [400, { message: "assetCount exceeds 50" }, "too-large"],
    [400, { message: "A maximum of 50 assets per request is allowed" }, "too-large"],
    [401, { status: 401, error: "Unauthorized", message: "Not authenticated" }, "forbidden"],
    [403, "", "forbidden"],
    [404, "", "wrong-address"],
    [405, "", "wrong-address"],
    [408, "", "unavailable"],
    [409, conflict, "refused"],
    [413, "", "too-large"],
    [415, "", "refused"],
    [422, { message: "unprocessable" }, "refused"],
    [429, "", "limited"],
    [500, "", "unavailable"],
    [502, "<html>Bad gateway</html>", "unavailable"],
    [503, "", "unavailable"],
    [599, "", "unavailable"],
  ])("judges %i with %o: %s", (status, body, kind) => {
    expect(verdictOn(status, body).kind).toBe(kind);
  });

  it("tells the rejected assets from the errors that nobody can place", () => {
    const assetsError = { "key-a": "bad IP", "key-x": "no OS" };
    expect(verdictOn(200, { ...published, assetsError })).toEqual({
      kind: "accepted-in-part",
      rejected: [{ index: 0, message: "bad IP" }],
      unplaced: ["key-x: no OS"],
    });
  });

  it.each([
    ["a wait", { toWaitMs: 5000 }],
    ["no wait but a budget", { limit: 300, remaining: 0 }],
    ["running calls", { concurrencyRunning: 2 }],
  ])("takes a 409 with %s for a limit", (_what, reading) => {
    expect(verdictOn(409, conflict, reading).kind).toBe("limited");
  });

  it.each([
    [{ concurrencyLimit: 2, concurrencyRunning: 2, remaining: 10 }, "concurrency"],
    [{ concurrencyLimit: 2, concurrencyRunning: 3, remaining: 1 }, "concurrency"],
    [{ concurrencyLimit: 2, concurrencyRunning: 2, remaining: 0 }, "rate"],
    [{ concurrencyLimit: 2, concurrencyRunning: 1, remaining: 10 }, "rate"],
    [{ concurrencyLimit: 2, concurrencyRunning: 2 }, "rate"],
    [{}, "rate"],
  ])("sees the cause of a limit in %o: %s", (reading, cause) => {
    expect(verdictOn(429, "", reading)).toMatchObject({ kind: "limited", cause });
  });

  it("takes further statuses for a limit when told to", () => {
    const answer = { status: 503, headers: {}, body: "", isComplete: true };
    const limitedStatuses = [429, 503];
    expect(judge(answer, emptyReading, { ...options, limitedStatuses }).kind).toBe("limited");
  });

  it.each([
    [200, `{"responseCode":"SUCCESS`, "unknown"],
    [200, "", "unknown"],
    [400, `{"message":"Inva`, "unknown"],
    [401, "", "forbidden"],
    [413, "", "too-large"],
    [429, "", "limited"],
    [503, "", "unavailable"],
  ])("judges %i with %o that broke off by what is certain: %s", (status, body, kind) => {
    expect(verdictOn(status, body, {}, { isComplete: false }).kind).toBe(kind);
  });

  it("names the remedy when the subscription is not accepted", () => {
    expect(verdictOn(400, invalidSubscription)).toMatchObject({
      message: expect.stringMatching(/Invalid Subscription Id.*QUALYS_AUTH=password/),
    });
  });

  it("says where a redirect leads, without its query", () => {
    const headers = { location: "https://sso.example/login?ticket=s3cret" };
    expect(verdictOn(302, "", {}, { headers })).toMatchObject({
      message: expect.stringMatching(
        /"https:\/\/sso\.example\/login"\); check QUALYS_GATEWAY_URL$/,
      ),
    });
    expect(verdictOn(302, "", {}, { headers: { location: "/login?x=1" } })).toMatchObject({
      message: expect.stringContaining('redirecting to "/login"'),
    });
  });

  it("quotes the words of an answer, whatever its form", () => {
    expect(verdictOn(400, { error: { detail: "no OS" } })).toMatchObject({
      message: "Qualys refused the request (400: no OS)",
    });
    expect(verdictOn(400, "plain words")).toMatchObject({
      message: "Qualys refused the request (400: plain words)",
    });
    expect(verdictOn(500, "")).toMatchObject({
      message: "Qualys is not available (500: no explanation)",
    });
  });
});
