import { EXIT } from "../exit-codes.ts";
import { openSession } from "../session.ts";
import { readWorkSettings, type WorkSettings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

interface Finding {
  what: string;
  state: "ok" | "warning" | "wrong" | "unknown";
  message: string;
}

/** `sluice check`: what works, what does not, what to do. */
export async function check(terminal: Terminal): Promise<number> {
  const settings = readWorkSettings(process.env);
  const findings = [...(await checkRedis(settings, terminal)), ...(await checkQualys(settings))];
  const isOk = findings.every(({ state }) => state !== "wrong");
  terminal.result(
    { ok: isOk, findings },
    findings.map(({ what, state, message }) => `${state.padEnd(7)}  ${what}: ${message}`),
  );
  return isOk ? EXIT.done : EXIT.usage;
}

async function checkRedis(settings: WorkSettings, terminal: Terminal): Promise<Finding[]> {
  try {
    await using session = await openSession(settings, { ...terminal, note: () => {} });
    const { product, version, warnings } = session.account.server;
    return [
      { what: "redis", state: "ok", message: `${product} ${version}` },
      ...warnings.map((message): Finding => ({ what: "redis", state: "warning", message })),
    ];
  } catch (error) {
    return [
      {
        what: "redis",
        state: "wrong",
        message: error instanceof Error ? error.message : String(error),
      },
    ];
  }
}

async function checkQualys(settings: WorkSettings): Promise<Finding[]> {
  await using client = settings.createClient();
  const signIn = await client.signIn();
  if (signIn.kind !== "ok") {
    const what = signIn.kind === "refused" ? "sign-in" : "gateway";
    return [{ what, state: "wrong", message: signIn.message }];
  }
  const findings: Finding[] = [
    { what: "gateway", state: "ok", message: settings.gatewayUrl },
    { what: "sign-in", state: "ok", message: "the credentials are accepted" },
  ];
  const counted = await client.countAssets();
  findings.push(
    counted.kind === "ok"
      ? {
          what: "permission",
          state: "ok",
          message: `the inventory can be read: ${counted.value} assets`,
        }
      : { what: "permission", state: "wrong", message: counted.failure.message },
  );
  findings.push({
    what: "connector",
    state: "unknown",
    message: `Qualys offers no way to look up ${settings.connectorUuid}; sluice push FILE --first 1 shows whether it takes an asset`,
  });
  return findings;
}
