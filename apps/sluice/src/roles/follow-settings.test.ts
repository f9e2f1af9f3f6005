import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@sluice/service";
import { expect, it, onTestFinished, vi } from "vitest";
import { contentsOf, followSettings, Hangups } from "./follow-settings.ts";

/** Follows one file, whose settings are put into force by `apply`. */
async function follow(apply: () => Promise<void>) {
  const dir = await mkdtemp(join(tmpdir(), "sluice-follow-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const path = join(dir, "sluice.yaml");
  await writeFile(path, "one");
  const refused: unknown[] = [];
  const stopping = new AbortController();
  const hangups = new Hangups();
  const following = followSettings(await contentsOf([path]), {
    read: () => null,
    files: () => [path],
    apply,
    onRefused: (error) => void refused.push(error),
    hangups,
    signal: stopping.signal,
    lookMs: 1,
  });
  onTestFinished(async () => {
    stopping.abort();
    await following;
    hangups[Symbol.dispose]();
  });
  return { refused, change: async () => await writeFile(path, "two") };
}

it("tries again to apply what could not be put into force, and not what is wrong", async () => {
  const apply = vi
    .fn<() => Promise<void>>()
    .mockRejectedValueOnce(new Error("Redis does not answer"))
    .mockRejectedValueOnce(new ConfigError(["connectors is missing"]))
    .mockResolvedValue();
  const { refused, change } = await follow(apply);
  await change();
  await vi.waitFor(() => expect(apply).toHaveBeenCalledTimes(2));
  await vi.waitFor(() => expect(refused).toHaveLength(2));
  process.emit("SIGHUP");
  await vi.waitFor(() => expect(apply).toHaveBeenCalledTimes(3));
  expect(refused).toHaveLength(2);
});
