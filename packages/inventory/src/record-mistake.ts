/** Something of a record that can't be mapped. */
export interface RecordMistake {
  /** Where in the record, in its own names: `vulnerabilities[2].severity`; empty for the whole. */
  path: string;
  message: string;
  /** Where in the connector's own mapping, if that is known: `["fields", "os"]`. */
  place?: readonly (string | number)[];
}

/** A record may have thousands; nobody reads more. */
export const MISTAKES_MAX = 20;
