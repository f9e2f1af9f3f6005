import { describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../sandbox.ts";
import { ask, connect } from "../test-client.ts";

interface State {
  revision: number;
  counts: Record<string, number>;
}

/** The states that the stream tells of, until the reader has seen enough. */
async function* statesOf(sandbox: Sandbox): AsyncGenerator<State> {
  const response = await fetch(`${sandbox.url}/sandbox/events`);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const [, data] = /^event: state\ndata: (.*)$/.exec(event) ?? [];
      if (data !== undefined) yield JSON.parse(data) as State;
    }
  }
}

async function next(states: AsyncGenerator<State>): Promise<State> {
  const { value } = await states.next();
  return value as State;
}

describe("the stream of events", () => {
  it("tells how things stand at once, and again whenever something has changed", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    const states = statesOf(sandbox);
    const counts = { assets: 0, records: 0, pending: 0, dropped: 0, calls: 0 };
    expect(await next(states)).toEqual({ revision: 1, counts });
    await client.importKeys("a", "b");
    expect(await next(states)).toEqual({
      revision: 2,
      counts: { ...counts, assets: 2, records: 2, calls: 1 },
    });
    await ask(sandbox, "PATCH", "settings", { latencyMs: 5 });
    expect(await next(states)).toMatchObject({ revision: 3 });
    await ask(sandbox, "PATCH", `connectors/${sandbox.connectorUuid}`, { enabled: false });
    expect(await next(states)).toMatchObject({ revision: 4 });
    await states.return(undefined);
  });

  it("ends with the sandbox", async () => {
    const sandbox = await startSandbox();
    const states = statesOf(sandbox);
    await next(states);
    const ended = states.next().catch(() => "cut");
    await sandbox[Symbol.asyncDispose]();
    expect(await ended).toBe("cut");
  });
});
