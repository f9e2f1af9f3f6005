/**
 * Runs this process's command anew in its place: the same process id, arguments and environment, nothing else of it is left.
 * So it needs nobody who starts it again.
 */
export function restart(): never {
  if (process.execve === undefined) {
    throw new Error("Cannot start again by itself: this platform has no execve; start it again");
  }
  const { execPath, execArgv, argv, env } = process;
  return process.execve(execPath, [execPath, ...execArgv, ...argv.slice(1)], env);
}
