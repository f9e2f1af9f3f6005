import type { Redis } from "ioredis";

/** Lets a script run on a server that is at its `maxmemory`. Understood since Redis 7.0. */
const ALLOW_OOM = "#!lua flags=allow-oom\n";

/** Plain writes that processes make when they start, BullMQ's among them: a few bytes, and the same ones each time. */
const SMALL_WRITES: Readonly<Record<string, string>> = {
  setnx: "return redis.call('SETNX', KEYS[1], ARGV[1])",
  hset: `
    local added = 0
    for i = 1, #ARGV, 2 do added = added + redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
    return added
  `,
};

/**
 * Makes a client one that a server at its `maxmemory` does not refuse to run scripts for, BullMQ's above all: what drains a full Redis has to take
 * jobs, move them and start anew, or no room would ever come. What fills it is our own script, which comes without this.
 */
export function draining(client: Redis): Redis {
  const define = client.defineCommand.bind(client);
  const duplicate = client.duplicate.bind(client);
  // BullMQ defines its scripts by the one, and makes the connection on which a consumer blocks by the other.
  client.defineCommand = (name, definition) =>
    define(name, { ...definition, lua: ALLOW_OOM + definition.lua });
  client.duplicate = (override) => draining(duplicate(override));
  for (const [name, lua] of Object.entries(SMALL_WRITES)) {
    client.defineCommand(name, { numberOfKeys: 1, lua });
  }
  return client;
}
