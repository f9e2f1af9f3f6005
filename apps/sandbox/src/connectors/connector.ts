import { z } from "zod";
import type { Identification } from "../identification/rules.ts";

/** A webhook connector, as a sandbox is started with it; what is left out begins as for one that is created. */
export interface Connector {
  readonly uuid: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly description?: string;
  readonly modules?: readonly ModuleName[];
  readonly trust?: number;
  readonly identification?: Identification;
}

const modules = ["CSAM", "ETM"] as const;

type ModuleName = (typeof modules)[number];

const details = {
  name: z.string().trim().min(1).max(100),
  description: z.string().max(1_000),
  /** The services that the connector works for. */
  modules: z.array(z.enum(modules)).min(1).max(modules.length),
};

/** What a connector is created with. */
export const newConnectorSchema = z.strictObject({
  name: details.name,
  description: details.description.default(""),
  modules: details.modules.default(["CSAM"]),
});

/** What can be changed; what is not named stays. */
export const connectorChangesSchema = z.strictObject({
  ...z.strictObject(details).partial().shape,
  enabled: z.boolean().optional(),
  /** 0 to 100; the more trusted source wins where two are equally fresh. */
  trust: z.int().min(0).max(100).optional(),
});

export type ConnectorChanges = z.output<typeof connectorChangesSchema>;

/** A connector of the account with what has become of it. */
export interface KnownConnector {
  /** In the store. */
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly description: string;
  readonly modules: readonly string[];
  readonly enabled: boolean;
  readonly trust: number;
  readonly identification: Identification;
  /** Epoch ms. */
  readonly createdAtMs: number;
  /** Epoch ms of the last accepted push. */
  readonly lastActivityMs: number | null;
  readonly counts: ConnectorCounts;
}

export interface ConnectorCounts {
  /** How many records it has in the inventory. */
  readonly records: number;
  /** How many of its pushes were accepted. */
  readonly calls: number;
  /** How many assets were dropped. */
  readonly dropped: number;
}
