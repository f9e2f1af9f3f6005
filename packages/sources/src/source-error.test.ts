import { describe, expect, it } from "vitest";
import { SourceError, fileSystemError } from "./source-error.ts";

describe("fileSystemError", () => {
  it.each([
    ["ENOENT", "not-found"],
    ["ENOTDIR", "not-found"],
    ["EISDIR", "directory"],
    ["EACCES", "permission"],
    ["EPERM", "permission"],
    ["EIO", "unreadable"],
  ])("makes of %s a SourceError with the code %s and keeps the cause", (code, expected) => {
    const cause = Object.assign(new Error(code), { code });
    const error = fileSystemError(cause, "a.json");
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ code: expected, source: "a.json", cause });
  });

  it("gives back what is no error of the file system", () => {
    const abort = new DOMException("stop", "AbortError");
    const internal = Object.assign(new Error("x"), { code: "ERR_INVALID_STATE" });
    expect(fileSystemError(abort, "a.json")).toBe(abort);
    expect(fileSystemError(internal, "a.json")).toBe(internal);
    expect(fileSystemError(null, "a.json")).toBeNull();
  });
});
