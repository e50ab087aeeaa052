import { describe, expect, it } from "vitest";
import { segment, SERVER, HOST, CONTAINER, SYN, SYN_ACK } from "../../traffic.js";
import { macHash } from "../../../../src/protocols/mac.js";
import { hex } from "../../../support/packets.js";
import { Scene } from "./scene.js";

const ACK = 0x10;
const RST = 0x04;

/** A connection that is open, and then a segment of long ago, which the NAT does not pass on. */
const opened = () =>
  new Scene()
    .up(100, {}, { flags: SYN })
    .down(120, {}, { flags: SYN_ACK })
    .up(121, {}, { flags: ACK, seq: 1001, ack: 5001 })
    .down(150, {}, { flags: ACK, seq: 5001, ack: 1001, text: "news" })
    .up(151, {}, { flags: ACK, seq: 1001, ack: 5005 });
const STALE = { flags: ACK, seq: 4000, ack: 1001, text: "olds" };
const stale = () => opened().down(200, {}, STALE, "outside");

const [BRIDGE, NEIGHBOUR] = [hex("02424c19a581"), hex("0242ac110003")];
const CONTAINERS_MACS = { isContainersMac: (mac: number) => mac === macHash(0x0242, 0xac110003) };

const reset = (src: string, dst: string, ttl: number, ends = [40_000, 443], seq = 1001) =>
  segment({ src, dst, srcPort: ends[0], dstPort: ends[1], seq, ack: 0, flags: RST, ttl, ipId: 0 });

/** A segment that is reset before it comes out, by whoever has that MAC address. */
const resetFrom = (mac: Uint8Array) =>
  opened()
    .of(CONTAINERS_MACS)
    .up(200, {}, { flags: ACK, seq: 1001, ack: 5005, text: "?" }, "inside")
    .alone(200.05, "inside", reset(SERVER, CONTAINER, 64, [443, 40_000], 5005), mac)
    .until(2000);

const ANSWER = { src: SERVER, dst: CONTAINER, srcPort: 443, dstPort: 40_000, seq: 5000, ack: 1001, ipId: 4711 };

/** What the host itself sends. */
const beat = (n: number) =>
  segment({ src: HOST, dst: "10.0.2.3", srcPort: 9, dstPort: 9, seq: n, ack: 0, ipId: n, ttl: 64 });

describe("host-reset", () => {
  it("is a segment that the host answers with a reset of its own, and names both frames", async () => {
    const scene = stale()
      .alone(200.05, "outside", reset(HOST, SERVER, 64))
      .until(2000);
    const found = await scene.findings("host-reset");
    expect(found).toMatchObject([
      { severity: "warning", count: 1, flows: [2], frames: { inside: [], outside: [86, 87] }, more: 0 },
    ]);
    expect(found[0]?.text).toBe(
      "the host itself reset forwarded connections, instead of passing a segment on: outside #86 of flow 2 by #87",
    );
    expect(await scene.verdicts()).toEqual([
      "outside 86 refused: the host itself reset the connection (frame 87)",
      "outside 87 local: the host itself resets the connection: it did not pass frame 86 on",
    ]);
  });

  it("is so however many others wait between the two", async () => {
    const scene = stale();
    for (let n = 0; n < 100; n++) scene.alone(200.001 + n / 1e4, "outside", beat(n));
    const found = await scene
      .alone(200.05, "outside", reset(HOST, SERVER, 64))
      .until(2000)
      .findings("host-reset");
    expect(found).toMatchObject([{ count: 1, frames: { inside: [], outside: [86, 187] } }]);
  });

  it("is one to a container as well", async () => {
    const scene = opened().up(200, {}, { flags: ACK, seq: 1001, ack: 5005, text: "?" }, "inside");
    const answer = segment({
      src: SERVER,
      dst: CONTAINER,
      srcPort: 443,
      dstPort: 40_000,
      seq: 5005,
      ack: 0,
      flags: RST,
      ttl: 64,
      ipId: 0,
    });
    const found = await scene.alone(200.05, "inside", answer).until(2000).findings("host-reset");
    expect(found).toMatchObject([{ count: 1, flows: [2], frames: { inside: [86, 87], outside: [] } }]);
  });

  it("is none that a container sent, by MAC address: that one refused it", async () => {
    expect(await resetFrom(NEIGHBOUR).findings("host-reset")).toEqual([]);
    expect((await resetFrom(NEIGHBOUR).findings("refused"))[0].text).toBe(
      "entered, and refused by a container: neighbour-reset (inside #86)",
    );
    expect(await resetFrom(NEIGHBOUR).verdicts()).toEqual([
      "inside 86 refused: a container on inside, by its MAC address, reset the connection (frame 87), and not the host",
      "inside 87 local: a container on inside, by its MAC address, resets the connection, and not the host: it answers frame 86",
    ]);
    expect(await resetFrom(BRIDGE).findings("host-reset")).toMatchObject([{ count: 1 }]);
  });

  it("names the flow of each direction where these are two, as with br_netfilter", async () => {
    const service = "10.96.0.10";
    const scene = new Scene()
      .up(100, {}, { flags: SYN })
      .alone(120, "outside", segment({ ...ANSWER, dst: HOST, ttl: 53, flags: SYN_ACK }))
      .alone(120.01, "inside", segment({ ...ANSWER, src: service, ttl: 52, flags: SYN_ACK }))
      .up(121, {}, { flags: ACK, seq: 1001, ack: 5001 })
      .down(200, {}, STALE, "outside")
      .alone(200.05, "outside", reset(HOST, SERVER, 64));
    const [found] = await scene.until(2000).findings("host-reset");
    expect(found).toMatchObject({ flows: [3, 2], frames: { outside: [84, 85] } });
    expect(found?.text).toMatch(/outside #84 of flow 3 by #85 of flow 2$/);
  });

  it.each([
    ["a reset of the container's", stale().up(200.05, {}, { flags: RST, seq: 1001 })],
    ["a segment that is lost", stale()],
    [
      "a reset with another number",
      stale().alone(
        200.05,
        "outside",
        segment({
          src: HOST,
          dst: SERVER,
          srcPort: 40_000,
          dstPort: 443,
          seq: 1002,
          ack: 0,
          flags: RST,
          ttl: 64,
          ipId: 0,
        }),
      ),
    ],
    [
      "a reset that the host forwarded, which the inside capture lacks",
      stale().alone(200.05, "outside", reset(HOST, SERVER, 63)),
    ],
    ["a reset that comes much later", stale().alone(900, "outside", reset(HOST, SERVER, 64))],
    [
      "a reset of a segment that was passed on",
      opened()
        .down(200, {}, STALE)
        .alone(200.05, "outside", reset(HOST, SERVER, 64)),
    ],
    ["a reset of another connection", stale().alone(200.05, "outside", reset(HOST, SERVER, 64, [40_001, 443]))],
  ])("is not %s", async (_, scene) => {
    expect(await scene.until(2000).findings("host-reset")).toEqual([]);
  });
});
