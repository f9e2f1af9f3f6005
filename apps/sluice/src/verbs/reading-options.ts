import { Option } from "commander";

/** How a user says how sources are to be read, the same for every command that reads some. */
export const FORMAT = new Option("--format <format>", "instead of recognising it").choices([
  "ndjson",
  "json",
  "csv",
]);
export const AT = new Option(
  "--at <path>",
  "where a JSON document has the records, such as data.hosts",
);
export const ENCODING = new Option(
  "--encoding <name>",
  "of text that is not UTF-8 and has no byte order mark, such as windows-1252",
);
export const MAPPING = new Option(
  "--mapping <file>",
  "how records become assets, YAML or TypeScript (default: the connector's, or built in)",
);
