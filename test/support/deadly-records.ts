/**
 * Preloaded into a process (`NODE_OPTIONS=--import=...`), it lets records that have a field `deadly` end whoever parses
 * them, as bad mappings and faults of the engine do. The asset of a host "bottomless" throws where nothing is expected to.
 */
const DEEDS: Readonly<Record<string, () => unknown>> = {
  heap() {
    const text = "x".repeat(4_000_000);
    for (const hoard: unknown[] = []; ;) hoard.push(text.split(""));
  },
  loop() {
    for (;;);
  },
  exit: () => process.exit(7),
  abort: () => process.abort(),
  kill: () => process.kill(process.pid, "SIGKILL"),
};

const parse = JSON.parse;
JSON.parse = function parseDeadly(...args: [string]): unknown {
  const deed = /"deadly":"(\w+)"/.exec(args[0])?.[1];
  if (deed !== undefined) DEEDS[deed]?.();
  return parse(...args);
};

const { stringify } = JSON;
Object.assign(JSON, {
  stringify(...args: [unknown]): string {
    const text = stringify(...args);
    return text?.includes('"netBiosName":"bottomless"') ? descend() : text;
  },
});

function descend(): string {
  return `${descend()}.`;
}
