export { compileMapping, type CompiledMapping } from "./compile-mapping.ts";
export { MappingCoverage, type SilentPart } from "./coverage.ts";
export {
  defineMapping,
  moduleMapping,
  type MappedFields,
  type MappingDefinition,
} from "./define-mapping.ts";
export type { Difference } from "./difference.ts";
export { placeText, problemsOf, type MappingProblem } from "./mapping-problem.ts";
export { mappingSchema, type MappingSpec, type MappingTest } from "./mapping-schema.ts";
export { runMappingTests, type TestResult } from "./mapping-tests.ts";
