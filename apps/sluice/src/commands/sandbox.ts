import { startSandbox, type SandboxOptions } from "@sluice/sandbox";
import { aborted } from "@sluice/service";
import { CommandError, EXIT } from "../exit-codes.ts";
import { serveHealthIfAsked } from "../health.ts";
import type { Terminal } from "../terminal.ts";

/** `sluice sandbox`: the local CSAM alone, until a signal. */
export async function sandbox(
  options: SandboxOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  await using server = await startSandbox(options).catch((cause: unknown) => {
    throw new CommandError(cause instanceof Error ? cause.message : String(cause), EXIT.usage, {
      cause,
    });
  });
  await using _ = await serveHealthIfAsked(process.env);
  const { url, connectorUuid, username, clientId, clientSecret } = server;
  // One that was given is known to whoever gave it.
  const password = options.password ? "[secret]" : server.password;
  terminal.result({ url, connectorUuid, username, password, clientId, clientSecret }, [
    "# a local CSAM is running; paste these lines into another terminal:",
    `export QUALYS_GATEWAY_URL=${url}`,
    `export QUALYS_USERNAME=${username}`,
    `export QUALYS_PASSWORD=${password}`,
    `export QUALYS_CONNECTOR_UUID=${connectorUuid}`,
    `# or, with QUALYS_AUTH=oauth or oidc: QUALYS_CLIENT_ID=${clientId} QUALYS_CLIENT_SECRET=${clientSecret}`,
    "# stop it with Ctrl-C; what it holds is gone then",
  ]);
  await aborted(signal);
  return EXIT.done;
}
