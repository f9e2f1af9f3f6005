import { Agent as HttpAgent, type ClientRequest } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { type Socket } from "node:net";
import { getCACertificates, TLSSocket } from "node:tls";
import type { OptionsInit } from "got";
import type { Answer } from "./answer.ts";
import { connectionTrouble } from "./connection-trouble.ts";
import { endpoint } from "./gateway-url.ts";
import type { Proxy } from "./proxy.ts";

/** One POST. */
export interface Post {
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  content: { form: Record<string, string> } | { body: string | Uint8Array };
  /** The longest that the whole exchange may take. */
  timeoutMs: number;
  /** Where reading the answer's body stops. */
  answerBytesMax: number;
  signal?: AbortSignal | undefined;
}

/** How a POST ended. `wasSent` is false only when the server can't have seen any of it; the message has the remedy. */
export type Exchange =
  | ({ kind: "answer" } & Answer)
  | { kind: "no-answer"; wasSent: boolean; message: string };

export interface GatewayOptions {
  url: URL;
  userAgent: string;
  /** Root certificates in PEM that are trusted besides the usual ones. */
  certificateAuthorities: readonly string[];
  /** The way to an https gateway; http goes to this machine only, and directly. */
  proxy: Proxy | null;
}

const connectTimeoutMs = 10_000;
const socketsMax = 8;
/** Below the idle time after which usual load balancers drop a connection without a word. */
const idleSocketMs = 30_000;

/**
 * The way to one gateway: keep-alive connections, certificates always verified, no redirects
 * followed, nothing retried. A failing exchange is a value, and it never holds the request, which
 * carries credentials.
 */
export class Gateway implements Disposable {
  readonly #url: URL;
  readonly #userAgent: string;
  readonly #hasProxy: boolean;
  readonly #closing = new AbortController();
  readonly #agents: { http: HttpAgent; https: HttpsAgent };

  constructor({ url, userAgent, certificateAuthorities, proxy }: GatewayOptions) {
    this.#url = url;
    this.#userAgent = userAgent;
    this.#hasProxy = proxy !== null && url.protocol === "https:";
    const pool = { keepAlive: true, maxSockets: socketsMax, timeout: idleSocketMs };
    this.#agents = {
      http: new HttpAgent(pool),
      https: new HttpsAgent({
        ...pool,
        ...(certificateAuthorities.length > 0 && {
          ca: [...getCACertificates(), ...certificateAuthorities],
        }),
        ...(proxy && {
          proxyEnv: { HTTPS_PROXY: proxy.url.reveal(), NO_PROXY: proxy.exceptions },
        }),
      }),
    };
  }

  /** Never rejects. */
  async post(post: Post): Promise<Exchange> {
    // A quarter of the memory of a process that never calls.
    const { default: got } = await import("got");
    const stream = got.stream.post(endpoint(this.#url, post.path, post.query), this.#options(post));
    let wasSent = false;
    stream.once("request", (request: ClientRequest) => {
      onConnected(request, () => {
        wasSent = true;
      });
    });
    let head: Pick<Answer, "status" | "headers"> | undefined;
    stream.once("response", ({ statusCode, headers }) => {
      head = { status: statusCode, headers };
    });
    // What goes wrong after the answer's end, as with an upload that it made needless, is no matter.
    stream.on("error", () => {});
    const { body, error } = await read(stream, post.answerBytesMax);
    stream.destroy();
    if (head !== undefined) {
      return { kind: "answer", ...head, body, isComplete: error === undefined };
    }
    const message = connectionTrouble(error, this.#url.host, this.#hasProxy);
    return { kind: "no-answer", wasSent, message };
  }

  /** Ends every exchange and closes the connections. */
  [Symbol.dispose](): void {
    this.#closing.abort(new Error("the client was closed"));
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #options({ content, headers, signal, timeoutMs }: Post): OptionsInit {
    const connectMs = Math.min(connectTimeoutMs, timeoutMs);
    return {
      ...content,
      headers: { accept: "application/json", "user-agent": this.#userAgent, ...headers },
      agent: this.#agents,
      https: { rejectUnauthorized: true },
      followRedirect: false,
      throwHttpErrors: false,
      retry: { limit: 0 },
      signal: AbortSignal.any([
        this.#closing.signal,
        // The other limits begin with a socket, and a proxy may keep one back.
        AbortSignal.timeout(timeoutMs),
        ...(signal === undefined ? [] : [signal]),
      ]),
      timeout: {
        lookup: connectMs,
        connect: connectMs,
        secureConnect: connectMs,
        send: timeoutMs,
        response: timeoutMs,
      },
    };
  }
}

/** A connection that is kept alive is ready at once; a new one is after its handshake. */
function onConnected(request: ClientRequest, connected: () => void): void {
  request.once("socket", (socket: Socket) => {
    const isTls = socket instanceof TLSSocket;
    if (socket.connecting || (isTls && !socket.authorized)) {
      socket.once(isTls ? "secureConnect" : "connect", connected);
    } else {
      connected();
    }
  });
}

/** The text of a body up to `bytesMax`; `error` tells why it is not the whole. */
async function read(
  stream: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<{ body: string; error?: Error }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk.subarray(0, bytesMax - bytes));
      bytes += chunk.byteLength;
      if (bytes > bytesMax) {
        return { body: text(chunks), error: new RangeError(`more than ${bytesMax} bytes`) };
      }
    }
    return { body: text(chunks) };
  } catch (error) {
    return { body: text(chunks), error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function text(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
