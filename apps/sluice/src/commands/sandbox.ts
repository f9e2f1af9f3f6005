import { startSandbox } from "@sluice/sandbox";
import { aborted } from "@sluice/service";
import { CommandError, EXIT } from "../exit-codes.ts";
import { serveHealthIfAsked } from "../roles/health.ts";
import { openPage } from "../open-page.ts";
import { sandboxOptions, type SandboxFlags } from "../verbs/sandbox-options.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** `sluice sandbox`: the local CSAM alone, until a signal; its page in a browser if `isOpened`. */
export async function sandbox(
  flags: SandboxFlags,
  isOpened: boolean,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const options = sandboxOptions(flags);
  await using server = await startSandbox(options).catch((cause: unknown) => {
    throw new CommandError(cause instanceof Error ? cause.message : String(cause), EXIT.usage, {
      cause,
    });
  });
  await using _ = await serveHealthIfAsked(process.env);
  const { url, connectorUuid, username, clientId, clientSecret } = server;
  // One that was given is known to whoever gave it.
  const password = options.password ? "[secret]" : server.password;
  if (options.mode === "counting" || options.mode === "checking") {
    terminal.note(
      options.mode === "counting"
        ? "COUNTING ONLY: bodies are not parsed, nothing is checked, nothing is kept; for benchmarks"
        : "CHECKING ONLY: imports are checked and not kept; for benchmarks",
    );
  }
  terminal.result({ url, connectorUuid, username, password, clientId, clientSecret }, [
    "# a local CSAM is running; paste these lines into another terminal:",
    `export QUALYS_GATEWAY_URL=${url}`,
    `export QUALYS_USERNAME=${username}`,
    `export QUALYS_PASSWORD=${password}`,
    `export QUALYS_CONNECTOR_UUID=${connectorUuid}`,
    `# or, with QUALYS_AUTH=oauth or oidc: QUALYS_CLIENT_ID=${clientId} QUALYS_CLIENT_SECRET=${clientSecret}`,
    `# look at it in a browser: ${url}/`,
    options.store
      ? `# stop it with Ctrl-C; what it holds stays in ${options.store}`
      : "# stop it with Ctrl-C; what it holds is gone then",
  ]);
  if (isOpened) await openPage(`${url}/`, terminal);
  await aborted(signal);
  return EXIT.done;
}
