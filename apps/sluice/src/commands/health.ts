import { askHealth, ConfigError, healthSettings, loadConfig } from "@sluice/service";
import { EXIT } from "../exit-codes.ts";
import type { Terminal } from "../terminal.ts";

/** `sluice health`: whether `sluice up` in this container, or on this machine, is ready. */
export async function health(terminal: Terminal): Promise<number> {
  const { SLUICE_HEALTH_PORT: port } = loadConfig(healthSettings, process.env);
  if (port === undefined)
    throw new ConfigError([
      "SLUICE_HEALTH_PORT: is not set; give it the port that `sluice up` has",
    ]);
  const problem = await askHealth(port);
  terminal.result({ ok: problem === null, problem }, [problem ?? "ready"]);
  return problem === null ? EXIT.done : EXIT.unexpected;
}
