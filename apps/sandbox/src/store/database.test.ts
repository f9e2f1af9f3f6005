import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase, query, transaction } from "./database.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sandbox-store-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a store", () => {
  it("belongs to one sandbox at a time", () => {
    const file = join(folder, "one.db");
    const first = openDatabase(file);
    expect(() => openDatabase(file)).toThrow(`Cannot use "${file}" as the sandbox's store: `);
    first.close();
    openDatabase(file).close();
  });

  it("is no other program's file", async () => {
    const text = join(folder, "text.db");
    await writeFile(text, "no database at all, and long enough to have a header. ".repeat(10));
    expect(() => openDatabase(text)).toThrow("not a database; choose another file");
    const foreign = join(folder, "foreign.db");
    const other = new DatabaseSync(foreign);
    other.exec("CREATE TABLE theirs (id INTEGER)");
    other.close();
    expect(() => openDatabase(foreign)).toThrow("it is another program's, or another version's");
    expect(() => openDatabase(join(folder, "nowhere", "a.db"))).toThrow("unable to open");
  });

  it("does a transaction whole or not at all", () => {
    const database = openDatabase(null);
    const count = () => query(database, "SELECT id FROM asset").all().length;
    const insert = (id: number) =>
      query(database, "INSERT INTO asset VALUES (?, NULL, NULL, NULL, 0, 1, 0, 0)").run(id);
    const broken = () => {
      insert(1);
      insert(1);
    };
    expect(() => transaction(database, broken)).toThrow("UNIQUE");
    expect(count()).toBe(0);
    transaction(database, () => insert(1));
    expect(count()).toBe(1);
    database.close();
  });
});
