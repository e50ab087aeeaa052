import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { DockerEngine } from "../../src/asking/docker-api.js";

/** An engine that answers by paths, and with 404 to all others. */
async function answering(
  answers: Readonly<Record<string, unknown>>,
): Promise<{ engine: DockerEngine; close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "natcorr-"));
  const socket = join(folder, "docker.sock");
  const server = createServer(({ url = "" }, response) => {
    const answer = answers[url];
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  const engine = new DockerEngine(socket);
  const close = (): void => {
    engine.close();
    server.close();
    rmSync(folder, { recursive: true });
  };
  return { engine, close };
}

it.each([
  ["a node of a Swarm", { Containers: { one: { IPv4Address: "172.18.0.4/16" } } }, ["ingress", "docker_gwbridge"]],
  ["any other host", undefined, ["ingress"]],
])("a container's end of the bridge that it leaves an overlay by is told by %s", async (_, gateway, networks) => {
  const { engine, close } = await answering({
    "/version": {},
    "/info": {},
    "/networks": [],
    "/containers/json": [{ Id: "one" }],
    "/containers/one/json": { Id: "one", NetworkSettings: { Networks: { ingress: { IPAddress: "10.0.0.4" } } } },
    "/networks/docker_gwbridge": gateway,
  });
  try {
    const { containers } = await engine.facts();
    for (const each of [...containers, await engine.container("one")])
      expect(each?.networks.map(({ network }) => network)).toEqual(networks);
    expect(await engine.container("another")).toBeUndefined();
  } finally {
    close();
  }
});

it("of an answer that does not end, no more is read than Docker writes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "natcorr-"));
  const socket = join(folder, "docker.sock");
  const piece = Buffer.alloc(1 << 20, " ");
  const server = createServer((_, response) => {
    const endless = new Readable({ read: () => void endless.push(piece) });
    response.on("close", () => endless.destroy());
    endless.pipe(response);
  });
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  const engine = new DockerEngine(socket, "", 600_000);
  try {
    await expect(engine.facts()).rejects.toThrow("an answer has more than 50000000 characters");
  } finally {
    engine.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
});

it("one that did not answer in time is asked no more until it tells what happens", async () => {
  const folder = mkdtempSync(join(tmpdir(), "natcorr-"));
  const socket = join(folder, "docker.sock");
  const asked: string[] = [];
  let isSilent = true;
  const server = createServer(({ url = "" }, response) => {
    asked.push(url);
    if (!isSilent) response.end(url === "/networks" || url === "/containers/json" ? "[]" : "{}");
  });
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  const engine = new DockerEngine(socket, "", 200);
  try {
    const late = "did not answer within 0.2 s";
    await expect(engine.container("one")).rejects.toThrow(late);
    const before = asked.length;
    isSilent = false;
    await expect(engine.facts()).rejects.toThrow(late);
    expect(asked).toHaveLength(before);
    await engine
      .follow(
        () => {},
        () => {},
        new AbortController().signal,
      )
      .catch(() => {});
    expect((await engine.facts()).containers).toEqual([]);
    isSilent = true;
    // so it is where it does not tell what happens
    await expect(
      engine.follow(
        () => {},
        () => {},
        new AbortController().signal,
      ),
    ).rejects.toThrow(late);
    isSilent = false;
    await expect(engine.facts()).rejects.toThrow(late);
  } finally {
    engine.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
});
