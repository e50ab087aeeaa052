import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { DockerEngine } from "../../../src/cli/asking/docker-api.js";

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
