import { isJsonObject } from "@sluice/inventory";

/** A part of a file of which nothing is known yet. */
export type Section = Readonly<Record<string, unknown>>;

/** What stands there if it is a section, else an empty one. */
export function sectionOf(value: unknown): Section {
  return isJsonObject(value) ? value : {};
}

/** The sections there, by name. */
export function sectionsOf(value: unknown): readonly (readonly [string, Section])[] {
  return Object.entries(sectionOf(value)).map(([name, one]) => [name, sectionOf(one)] as const);
}

/** Whether it is a user by whom an account signs in, and not a client. */
export function isUser(account: Section): boolean {
  return (account["auth"] ?? "password") === "password";
}
