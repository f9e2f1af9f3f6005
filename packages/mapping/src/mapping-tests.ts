import type { Transform } from "@sluice/inventory";
import { differences, type Difference } from "./difference.ts";
import type { MappingTest } from "./mapping-schema.ts";

/** What came of one test of a mapping. */
export interface TestResult {
  name: string;
  /** Empty where the test passed. */
  differences: readonly Difference[];
  /** What its dead letter says, where the record became one. */
  dead: string | null;
}

/** Runs the tests of a mapping, each by itself. */
export async function runMappingTests(
  tests: readonly MappingTest[],
  transform: Transform,
): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const [index, test] of tests.entries()) {
    results.push(await runTest(test, test.name ?? `test ${index + 1}`, transform));
  }
  return results;
}

async function runTest(
  { input, asset, dead }: MappingTest,
  name: string,
  transform: Transform,
): Promise<TestResult> {
  const transformed = await transform(JSON.stringify(input));
  if (transformed.kind === "asset") {
    const sent: unknown = JSON.parse(transformed.body);
    const found =
      dead === undefined
        ? differences(asset ?? {}, sent)
        : [{ path: "", wanted: `dead: ${dead}`, found: "an asset" }];
    return { name, differences: found, dead: null };
  }
  const { path, message } = transformed;
  const text = path ? `${path}: ${message}` : message;
  const isWanted = dead !== undefined && text.includes(dead);
  const wanted = dead === undefined ? "an asset" : `dead: ${dead}`;
  const found = isWanted ? [] : [{ path: "", wanted, found: `dead: ${text}` }];
  return { name, differences: found, dead: text };
}
