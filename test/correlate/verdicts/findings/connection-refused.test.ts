import { describe, expect, it } from "vitest";
import { SYN, SYN_ACK } from "../../traffic.js";
import { Scene } from "./scene.js";

const syn = { flags: SYN };
const reset = { flags: 0x14, seq: 0, ack: 1001 };

describe("connection-refused", () => {
  it("is a connection that was reset instead of answered, with how often it was tried", async () => {
    const scene = new Scene().up(100, {}, syn).down(110, {}, reset);
    const [found, ...others] = await scene.until(2000).findings("connection-refused");
    expect(others).toEqual([]);
    expect(found).toMatchObject({ severity: "warning", count: 1, flows: [2] });
    expect(found?.text).toBe("a reset is all that came back: tcp 172.17.0.2.40000 > 180.101.49.11.443 (once)");
  });

  it("is one of several connections of a client to one service", async () => {
    const scene = new Scene();
    for (const port of [40_000, 40_001, 40_002])
      scene.up(port - 39_900, { port }, syn).down(port - 39_890, { port }, reset);
    const [found] = await scene.until(2000).findings("connection-refused");
    expect(found).toMatchObject({ count: 3, flows: [2, 3, 4] });
    expect(found?.text).toBe(
      "a reset is all that came back: tcp 172.17.0.2 > 180.101.49.11.443 (3 times in 3 conversations)",
    );
  });

  it.each([
    ["it was answered first", new Scene().up(100, {}, syn).down(110, {}, { flags: SYN_ACK }).down(150, {}, reset)],
    [
      "an answer was seen where it came from",
      new Scene().up(100, {}, syn).down(110, {}, { flags: SYN_ACK }, "outside").down(150, {}, reset),
    ],
    ["its initiator had gone on", new Scene().up(100, {}, { flags: 0x10, seq: 1001, ack: 5001 }).down(150, {}, reset)],
    [
      "its initiator reset what came untranslated",
      new Scene().down(100, {}, { flags: 0x18 }).up(110, {}, { flags: 4 }),
    ],
    ["nothing came back", new Scene().up(100, {}, syn)],
  ])("is none where %s", async (_, scene) => {
    expect(await scene.until(4000).findings("connection-refused")).toEqual([]);
  });
});
