import { writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { INTAKE_SOURCE, openRun, readRun } from "@sluice/queue";
import { generate } from "selfsigned";
import { describe, expect, it } from "vitest";
import { eventually } from "./support/intake.ts";
import { openPlace, type Place } from "./support/sluice.ts";

/** The environment of an intake with one key, made by the command itself. */
async function withKey(place: Place): Promise<{ key: string; env: Record<string, string> }> {
  const made = await place.run(["key", "agent", "--json"]);
  const { key, line } = JSON.parse(made.stdout) as { key: string; line: string };
  await place.write("keys", `${line}\n`);
  const keysFile = join(place.dir, "keys");
  const env = { ...place.env, SLUICE_INTAKE_PORT: "0", SLUICE_INTAKE_KEYS_FILE: keysFile };
  return { key, env };
}

async function post(url: string, key: string, body: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", body, headers });
  return [response.status, await response.json()];
}

describe("sluice key", () => {
  it("prints a key once and the line that lets it in, which does not show the key", async () => {
    await using place = await openPlace();
    const { exitCode, stdout } = await place.run(["key", "agent"], { env: {} });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^slk_[\w-]{43}\n[^]*SLUICE_INTAKE_KEYS_FILE[^]*\nagent:[\da-f]{64}\n$/);
    const object = await place.run(["key", "agent", "--json"], { env: {} });
    const { name, key, line } = JSON.parse(object.stdout) as Record<string, string>;
    expect(name).toBe("agent");
    expect(key).not.toBe(stdout.split("\n")[0]);
    expect(line).not.toContain(key);
  });

  it("refuses a name that the file could not hold", async () => {
    await using place = await openPlace();
    const { exitCode, stderr } = await place.run(["key", "a:b"], { env: {} });
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/Cannot name a key "a:b"/)]);
  });
});

describe("sluice up", () => {
  it("runs the producer alone, without a password for Qualys, until a signal", async () => {
    await using place = await openPlace();
    const { key, env } = await withKey(place);
    const { QUALYS_PASSWORD: _, QUALYS_USERNAME: __, ...without } = env;
    const up = place.start(["up", "--role", "producer", "--json"], { env: without });
    const [line] = await up.line(/^\{"roles".*/m);
    const { roles, intake } = JSON.parse(line) as { roles: string[]; intake: string };
    expect(roles).toEqual(["producer"]);
    const answer = await post(`${intake}/v1/connectors/default/assets`, key, '{"id":"a"}');
    expect(answer).toEqual([202, { run: expect.any(String), records: 1 }]);
    up.signal("SIGTERM");
    expect((await up.ended).exitCode).toBe(0);
  });

  it("brings what the intake takes into Qualys", async () => {
    await using place = await openPlace();
    const { key, env } = await withKey(place);
    const up = place.start(["up"], { env: { ...env, SLUICE_BATCH_LINGER_MS: "0" } });
    const [, url = ""] = await up.line(/^intake: (\S+)/m);
    const [status, body] = (await post(url, key, '[{"id":"a"},{"id":"b"},{"nothing":1}]')) as [
      number,
      { run: string },
    ];
    expect(status).toBe(202);
    await eventually(async () =>
      expect(await readRun(place.account, body.run)).toMatchObject({ delivered: 2, dead: 1 }),
    );
    expect(place.sandbox.count()).toBe(2);
    const shown = await place.run(["runs", body.run, "--json"]);
    const headers = { authorization: `Bearer ${key}` };
    const asked = await fetch(new URL(`/v1/runs/${body.run}`, url), { headers });
    expect(await asked.json()).toEqual({
      ...(JSON.parse(shown.stdout) as object),
      elapsedMs: expect.any(Number),
    });
    const { stdout } = await place.run(["dead", "list", "--json"]);
    expect(stdout).toMatch(/"source":"request [\da-f]{12}-\d+"/);
    expect(stdout).toMatch(/"line":3/);
  });

  it("leaves the producer out where it has no keys, and says so; asked for, it is a mistake", async () => {
    await using place = await openPlace();
    const up = place.start(["up"]);
    await up.line(/the producer does not run: no SLUICE_INTAKE_KEYS_FILE is set/);
    await up.line(/^worker and sender running/m);
    up.signal("SIGTERM");
    expect((await up.ended).exitCode).toBe(0);
    const { exitCode, stderr } = await place.run(["up", "--role", "producer"]);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/sluice key NAME/)]);
  });

  it.for([
    ["SLUICE_INTAKE_KEYS_FILE", "nowhere", /API keys in "nowhere" \(ENOENT\)/],
    ["SLUICE_INTAKE_HOST", "192.0.2.1", /intake on 192\.0\.2\.1:0/],
    ["SLUICE_INTAKE_TLS_CERT_FILE", "cert.pem", /SLUICE_INTAKE_TLS_KEY_FILE: is not set/],
    ["SLUICE_INTAKE_WEBHOOK_SECRETS", "whsec_§", /webhook secret 1/],
  ] as const)("ends with 2 where %s cannot be used, and says why", async ([name, value, why]) => {
    await using place = await openPlace();
    const { env } = await withKey(place);
    const ended = await place.run(["up", "--role", "producer"], { env: { ...env, [name]: value } });
    expect([ended.exitCode, ended.stderr]).toEqual([2, expect.stringMatching(why)]);
  });

  it("speaks HTTPS with a certificate", async () => {
    await using place = await openPlace();
    const { key, env } = await withKey(place);
    const { cert, private: privateKey } = await generate([
      { name: "commonName", value: "localhost" },
    ]);
    await writeFile(join(place.dir, "cert.pem"), cert);
    await writeFile(join(place.dir, "key.pem"), privateKey);
    const tls = {
      SLUICE_INTAKE_TLS_CERT_FILE: join(place.dir, "cert.pem"),
      SLUICE_INTAKE_TLS_KEY_FILE: join(place.dir, "key.pem"),
    };
    const up = place.start(["up", "--role", "producer"], { env: { ...env, ...tls } });
    const [, url = ""] = await up.line(/^intake: (https:\S+)/m);
    const call = request(url, {
      method: "POST",
      ca: cert,
      servername: "localhost",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    });
    call.end('{"id":"a"}');
    const [answer] = (await once(call, "response")) as [IncomingMessage];
    expect([answer.statusCode, await json(answer)]).toMatchObject([202, { records: 1 }]);
  });
});

describe("an open run of the intake", () => {
  it("can be ended from outside, and not be resumed, which drain and push --resume say", async () => {
    await using place = await openPlace();
    const connector = place.sandbox.connectorUuid;
    const description = { sources: [{ source: INTAKE_SOURCE, bytes: null, modifiedAtMs: null }] };
    const options = { connector, lane: "live", description, id: "nightly" } as const;
    await openRun(place.account, options);
    const drained = await place.run(["drain"]);
    expect(drained.stdout).toContain("run nightly is still open: sluice runs abort nightly\n");
    const resumed = await place.run(["push", "--resume", "nightly"]);
    expect([resumed.exitCode, resumed.stderr]).toEqual([
      2,
      expect.stringContaining(
        "sluice: Cannot resume run nightly: its records come over HTTP; to end it, use sluice runs abort nightly\n",
      ),
    ]);
    expect((await place.run(["runs", "abort", "nightly"])).exitCode).toBe(0);
  });
});
