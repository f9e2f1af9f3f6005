import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/project.ts";

/**
 * Who may depend on whom. Dependencies point one way: apps -> pipeline and adapters -> kit -> pure; adapters never import
 * each other, and the pipeline imports only what is pure. `turbo boundaries` sees to it that nothing undeclared is imported.
 */
const LAYERS: Readonly<Record<string, { ours: readonly string[]; theirs: readonly string[] }>> = {
  "packages/inventory": { ours: [], theirs: ["zod"] },
  "packages/governor": { ours: [], theirs: [] },
  "packages/mapping": { ours: ["inventory"], theirs: ["jsonata", "zod"] },
  "packages/service": { ours: [], theirs: ["pino", "yaml", "zod"] },
  "packages/queue": { ours: ["governor", "inventory"], theirs: ["bullmq", "ioredis"] },
  "packages/csam": { ours: ["governor", "inventory", "service"], theirs: ["got"] },
  "packages/sources": { ours: [], theirs: ["csv-parse"] },
  "packages/pipeline": { ours: ["governor", "inventory"], theirs: [] },
  "apps/producer": {
    ours: ["inventory", "queue", "service", "sources"],
    theirs: [
      "@fastify/rate-limit",
      "@fastify/swagger",
      "fastify",
      "fastify-type-provider-zod",
      "openapi-types",
      "standardwebhooks",
      "zod",
    ],
  },
  "apps/worker": { ours: ["inventory", "pipeline", "queue"], theirs: [] },
  "apps/sender": { ours: ["csam", "pipeline", "queue"], theirs: [] },
  "apps/sandbox": { ours: ["service"], theirs: ["fastify", "zod"] },
  "apps/sluice": {
    ours: [
      "csam",
      "governor",
      "inventory",
      "mapping",
      "pipeline",
      "producer",
      "queue",
      "sandbox",
      "sender",
      "service",
      "sources",
      "worker",
    ],
    theirs: ["commander", "zod"],
  },
};

function foldersOf(parent: string): string[] {
  return readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`);
}

function dependenciesOf(folder: string): string[] {
  const text = readFileSync(join(ROOT, folder, "package.json"), "utf8");
  const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
  return Object.keys(dependencies).sort();
}

describe("the layers", () => {
  it("name every app and package", () => {
    expect([...foldersOf("packages"), ...foldersOf("apps")].sort()).toEqual(
      Object.keys(LAYERS).sort(),
    );
  });

  it.for(Object.entries(LAYERS))(
    "%s depends on what its layer allows",
    ([folder, { ours, theirs }]) => {
      const allowed = [...ours.map((name) => `@sluice/${name}`), ...theirs].sort();
      expect(dependenciesOf(folder)).toEqual(allowed);
    },
  );
});
