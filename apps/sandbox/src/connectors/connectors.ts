import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { defaultIdentification, type Identification } from "../identification/rules.ts";
import { query, type Query } from "../store/database.ts";
import type { Connector, ConnectorChanges, ConnectorCounts, KnownConnector } from "./connector.ts";

const connectorsMax = 1_000;

/** The connectors of the account: kept in the store, and here in memory as the store has them. */
export class Connectors {
  readonly #byUuid = new Map<string, KnownConnector>();
  readonly #save: Query;
  readonly #saveCounts: Query;

  constructor(database: DatabaseSync) {
    for (const row of query<ConnectorRow>(database, "SELECT * FROM connector ORDER BY id").all()) {
      this.#keep(toConnector(row));
    }
    this.#save = query(
      database,
      "INSERT OR REPLACE INTO connector VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#saveCounts = query(
      database,
      "UPDATE connector SET last_activity_ms = ?, records = ?, calls = ?, dropped = ? WHERE id = ?",
    );
  }

  /** In the order of creation. */
  get all(): readonly KnownConnector[] {
    return [...this.#byUuid.values()];
  }

  /** The oldest. */
  get first(): KnownConnector {
    const [first] = this.#byUuid.values();
    if (first === undefined) throw new Error("Cannot find a connector: there is none");
    return first;
  }

  /** By its UUID, in either case. */
  find(uuid: string): KnownConnector | undefined {
    return this.#byUuid.get(uuid.toLowerCase());
  }

  byId(id: number): KnownConnector {
    const connector = this.#byUuid.values().find((known) => known.id === id);
    if (connector === undefined) throw new Error(`Cannot find the connector ${id} in the store`);
    return connector;
  }

  /** Whether another one can be created. */
  get hasRoom(): boolean {
    return this.#byUuid.size < connectorsMax;
  }

  /** Adds a connector at `nowMs`, with a fresh UUID unless it brings one. */
  create(given: Omit<Connector, "uuid"> & { uuid?: string }, nowMs: number): KnownConnector {
    return this.#put({
      id: (this.all.at(-1)?.id ?? 0) + 1,
      uuid: given.uuid ?? randomUUID(),
      name: given.name,
      description: given.description ?? "",
      modules: given.modules ?? ["CSAM"],
      enabled: given.enabled,
      trust: given.trust ?? 50,
      identification: given.identification ?? defaultIdentification,
      createdAtMs: nowMs,
      lastActivityMs: null,
      counts: { records: 0, calls: 0, dropped: 0 },
    });
  }

  change(known: KnownConnector, changes: ConnectorChanges): KnownConnector {
    const { name, description, modules, enabled, trust } = changes;
    return this.#put({
      ...known,
      name: name ?? known.name,
      description: description ?? known.description,
      modules: modules ?? known.modules,
      enabled: enabled ?? known.enabled,
      trust: trust ?? known.trust,
    });
  }

  /** Changes how the assets of a connector are identified from now on. */
  identifyBy(
    known: KnownConnector,
    { rules, createUnmanagedAsset, applyDefaultRule }: Identification,
  ): KnownConnector {
    const identification = { rules, createUnmanagedAsset, applyDefaultRule };
    return this.#put({ ...known, identification });
  }

  /** Notes an accepted push. */
  noteCall({ uuid }: KnownConnector, nowMs: number): void {
    this.#count(uuid, { calls: 1 }, nowMs);
  }

  /** Notes what became of the assets of a push. */
  noteAssets({ uuid }: KnownConnector, counts: { records: number; dropped: number }): void {
    this.#count(uuid, counts);
  }

  #count(uuid: string, added: Partial<ConnectorCounts>, lastActivityMs?: number): void {
    const known = this.find(uuid);
    if (known === undefined) return;
    const changed = {
      ...known,
      lastActivityMs: lastActivityMs ?? known.lastActivityMs,
      counts: {
        records: known.counts.records + (added.records ?? 0),
        calls: known.counts.calls + (added.calls ?? 0),
        dropped: known.counts.dropped + (added.dropped ?? 0),
      },
    };
    const { records, calls, dropped } = changed.counts;
    this.#saveCounts.run(changed.lastActivityMs, records, calls, dropped, known.id);
    this.#keep(changed);
  }

  #put(connector: KnownConnector): KnownConnector {
    const { id, uuid, name, description, modules, enabled, trust, identification } = connector;
    const { createdAtMs, lastActivityMs, counts } = connector;
    this.#save.run(
      id,
      uuid,
      name,
      description,
      JSON.stringify(modules),
      enabled ? 1 : 0,
      trust,
      JSON.stringify(identification),
      createdAtMs,
      lastActivityMs,
      counts.records,
      counts.calls,
      counts.dropped,
    );
    return this.#keep(connector);
  }

  #keep(connector: KnownConnector): KnownConnector {
    this.#byUuid.set(connector.uuid.toLowerCase(), connector);
    return connector;
  }
}

interface ConnectorRow {
  id: number;
  uuid: string;
  name: string;
  description: string;
  modules: string;
  enabled: 0 | 1;
  trust: number;
  identification: string;
  created_ms: number;
  last_activity_ms: number | null;
  records: number;
  calls: number;
  dropped: number;
}

function toConnector(row: ConnectorRow): KnownConnector {
  const { id, uuid, name, description, enabled, trust, records, calls, dropped } = row;
  return {
    id,
    uuid,
    name,
    description,
    trust,
    modules: JSON.parse(row.modules) as string[],
    enabled: enabled === 1,
    identification: JSON.parse(row.identification) as Identification,
    createdAtMs: row.created_ms,
    lastActivityMs: row.last_activity_ms,
    counts: { records, calls, dropped },
  };
}
