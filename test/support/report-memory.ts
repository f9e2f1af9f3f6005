import { readFileSync, writeFileSync } from "node:fs";

/** Preloaded into a process, it leaves the most memory that it ever had resident, in KB, in the file PEAK_FILE. */
process.on("exit", () => {
  const file = process.env["PEAK_FILE"];
  if (file !== undefined) writeFileSync(file, String(peakKb()));
});

/** On Linux `maxRSS` may be that of the process which started this one, from before it became this program. */
function peakKb(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(peak);
}
