/** Mappings that a connector configures: records of any shape become raw assets. */
export {};
