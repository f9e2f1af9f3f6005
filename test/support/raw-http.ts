import { connect } from "node:net";

/** What a server said to bytes that need not be HTTP. */
export interface RawAnswer {
  /** Null when the connection ended without one. */
  status: number | null;
  text: string;
}

const ANSWER_MS_MAX = 40_000;

/**
 * Writes bytes to a server as they are, and resolves with its first whole answer, or with what there was when the connection
 * ended. `isCutOff`: nothing more will come from this side.
 */
export async function sendRaw(url: string, bytes: Buffer, isCutOff = false): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let text = "";
  const look = () => resolve(answerIn(text));
  socket.setTimeout(ANSWER_MS_MAX, () => reject(new Error(`no answer, but ${text}`)));
  socket.on("data", (part: Buffer) => {
    text += part.toString("latin1");
    if (isWhole(text)) look();
  });
  socket.on("end", look).on("close", look).on("error", look);
  socket.write(bytes);
  if (isCutOff) socket.end();
  return await promise.finally(() => socket.destroy());
}

function isWhole(text: string): boolean {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return false;
  const length = /^content-length: (\d+)/im.exec(text.slice(0, headEnd))?.[1];
  return length !== undefined && text.length >= headEnd + 4 + Number(length);
}

function answerIn(text: string): RawAnswer {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  return { status: status === undefined ? null : Number(status), text };
}
