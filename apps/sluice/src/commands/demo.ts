import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox } from "@sluice/sandbox";
import { aborted } from "@sluice/service";
import { sampleLines } from "@sluice/sources";
import { EXIT } from "../exit-codes.ts";
import { openPage } from "../open-page.ts";
import { grouped, type Terminal } from "../terminal/terminal.ts";
import { push } from "./push.ts";

const SEED = 1;
const CALLS = 20;
const WINDOW_MS = 5_000;

/**
 * `sluice demo`: an embedded Redis, a sandbox with a tight limit, every role and a made-up inventory, end to end: pushed
 * once, and once more to show that unchanged assets cost no call. With `open`, the sandbox's page is shown meanwhile, and
 * stays until a signal.
 */
export async function demo(
  options: { assets: number; open?: boolean },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), "sluice-demo-"));
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(() => rm(dataDir, { recursive: true, force: true }));
  await using sandbox = await startSandbox({
    limit: CALLS,
    windowMs: WINDOW_MS,
    concurrency: 2,
    latencyMs: 50,
  });
  const inventory = join(dataDir, "inventory.ndjson");
  const { assets } = options;
  await writeFile(
    inventory,
    sampleLines({ assets, seed: SEED, profile: "low-entropy" }).map((line) => `${line}\n`),
  );
  // Nothing of a real account is for the sandbox.
  for (const name of Object.keys(process.env)) {
    if (name === "REDIS_URL" || name.startsWith("QUALYS_")) delete process.env[name];
  }
  Object.assign(process.env, {
    SLUICE_CONFIG: "none",
    SLUICE_DATA_DIR: dataDir,
    SLUICE_LOG_LEVEL: process.env["SLUICE_LOG_LEVEL"] ?? "silent",
    QUALYS_GATEWAY_URL: sandbox.url,
    QUALYS_USERNAME: sandbox.username,
    QUALYS_PASSWORD: sandbox.password,
    QUALYS_CONNECTOR_UUID: sandbox.connectorUuid,
    // Evenly spread, as by default, the calls would never have to pause.
    SLUICE_PACING: "burst",
  });
  if (options.open) {
    terminal.note(`0. the local CSAM, live: ${sandbox.url}/`);
    await openPage(`${sandbox.url}/`, terminal);
  }
  terminal.note(
    `1. a made-up inventory of ${grouped(assets)} assets, and a local CSAM that allows ${CALLS} calls in ${WINDOW_MS / 1_000} s`,
  );
  terminal.note(
    "2. pushed: raw assets -> Redis -> transformed and batched -> sent under the limit",
  );
  const first = await push([inventory], {}, quiet(terminal), signal);
  if (first !== EXIT.done) return first;
  const callsOfFirst = sandbox.calls.length;
  terminal.note("3. pushed again: what has not changed is not sent");
  const second = await push([inventory], {}, quiet(terminal), signal);
  if (second !== EXIT.done) return second;
  const refused = sandbox.calls.filter(({ status }) => status === 429).length;
  const report = {
    assets,
    arrived: sandbox.count(),
    callsOfFirstPush: callsOfFirst,
    callsOfSecondPush: sandbox.calls.length - callsOfFirst,
    callsRefused: refused,
    callsInWorstWindow: sandbox.callsInWorstWindow(),
    callsAllowed: CALLS,
  };
  terminal.result(report, [
    `done: ${grouped(report.arrived)} of ${grouped(assets)} assets arrived in ${callsOfFirst} calls; the second push made ${report.callsOfSecondPush}`,
    `      at most ${report.callsInWorstWindow} of ${CALLS} allowed calls in any ${WINDOW_MS / 1_000} s; ${refused} refused`,
  ]);
  if (options.open) {
    terminal.note(`look around at ${sandbox.url}/; Ctrl-C ends it`);
    await aborted(signal);
  }
  return report.arrived === assets ? EXIT.done : EXIT.unexpected;
}

/** The demo has one result of its own; those of its pushes are notes on the way, for whoever watches. */
function quiet(terminal: Terminal): Terminal {
  return {
    ...terminal,
    isJson: false,
    isWatched: true,
    note: (line) => terminal.note(`   ${line}`),
    result: (_, lines) => lines.forEach((line) => terminal.note(`   ${line}`)),
  };
}
