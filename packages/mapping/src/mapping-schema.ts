import * as z from "zod";

/*
 * A declarative mapping as it stands in YAML or JSON. Only shapes: what an expression means is judged when it is
 * compiled (compile-mapping.ts). Plain enough for `z.toJSONSchema`, so that editors know it.
 */

const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: "is neither text, a number, true nor false",
});

const expression = z
  .string()
  .min(1, "is empty; write a JSONata expression")
  .max(10_000, "is longer than 10,000 characters; use a TypeScript mapping")
  .describe("a JSONata expression, such as a field's name");

const fieldSchema = z
  .union(
    [
      expression,
      z
        .strictObject({
          expr: expression.optional(),
          value: z
            .union([scalar, z.array(scalar)])
            .optional()
            .describe("instead of an expression: the same for every record"),
          lookup: z
            .union([z.string(), z.record(z.string(), scalar.nullable())])
            .optional()
            .describe("what stands for what, in any case; or the name of a table under `tables`"),
          default: scalar
            .nullable()
            .optional()
            .describe("where there is no value, or the lookup has none; null: nothing"),
        })
        .describe("an expression or a value, and what becomes of it"),
    ],
    { error: "is neither a JSONata expression nor an object with `expr` or `value`" },
  )
  .describe("where a field comes from");

/** Where the elements of a list come from; one of `each`, `parallel` and `columns`. */
const elementSource = {
  each: expression
    .optional()
    .describe("a list, or text to split; expressions beside it see one element each, `$`"),
  parallel: z
    .record(z.string(), expression)
    .optional()
    .describe("several lists of the same length; expressions see their elements by these names"),
  columns: z
    .string()
    .optional()
    .describe("fields by name, with one `*`: expressions see `column` and `value` of each"),
  split: z
    .string()
    .min(1)
    .optional()
    .describe("what separates the elements, where each list is one text"),
};

const findings = z
  .strictObject({
    ...elementSource,
    cve: fieldSchema.optional(),
    severity: fieldSchema.optional(),
    port: fieldSchema.optional(),
    protocol: fieldSchema.optional(),
    status: fieldSchema.optional(),
  })
  .describe("findings of one shape");

const software = z
  .strictObject({ ...elementSource, name: fieldSchema.optional(), version: fieldSchema.optional() })
  .describe("software of one shape");

const fields = z
  .strictObject({
    id: fieldSchema.optional().describe("the source's key of the asset, which never changes"),
    hostname: fieldSchema.optional(),
    fqdn: fieldSchema.optional(),
    hardware_uuid: fieldSchema.optional(),
    serial: fieldSchema.optional(),
    ip: fieldSchema.optional().describe("one address, or a list"),
    mac: fieldSchema.optional().describe("one address, or a list"),
    os: fieldSchema.optional(),
    os_version: fieldSchema.optional(),
    os_architecture: fieldSchema.optional(),
    memory_mb: fieldSchema.optional(),
    domain: fieldSchema.optional(),
    last_user: fieldSchema.optional(),
    instance_uuid: fieldSchema.optional(),
    network_uuid: fieldSchema.optional(),
    created: fieldSchema.optional(),
    last_seen: fieldSchema.optional(),
  })
  .describe("the asset's fields, by the names of the built-in mapping");

/** One example of a mapping: a record, and what has to become of it. */
const testSchema = z
  .strictObject({
    name: z.string().optional(),
    input: z.record(z.string(), z.unknown()).describe("a record as the source has it"),
    asset: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("the asset: what is named has to be so, null has to be absent, lists are whole"),
    dead: z
      .string()
      .optional()
      .describe("instead of an asset: a part of the message of its dead letter"),
  })
  .describe("a record, and what has to become of it");

const tables = z
  .record(z.string(), z.record(z.string(), scalar.nullable()))
  .describe("lookups that several fields use, by name");

/** A declarative mapping. Nothing but what it names is sent. */
export const mappingSchema = z
  .strictObject({
    fields,
    findings: z.union([findings, z.array(findings)]).optional(),
    software: z.union([software, z.array(software)]).optional(),
    customAttributes: z
      .record(z.string(), fieldSchema)
      .optional()
      .describe("attributes of your own, by name; each is sent as text"),
    tables: tables.optional(),
    tests: z.array(testSchema).max(10_000).optional(),
  })
  .describe("how records of any shape become assets");

export type MappingSpec = z.output<typeof mappingSchema>;
export type FieldSpec = z.output<typeof fieldSchema>;
export type ElementsSpec = z.output<typeof findings> | z.output<typeof software>;
export type MappingTest = z.output<typeof testSchema>;
export type Table = z.output<typeof tables>[string];
