import { expect, it } from "vitest";
import { macHash } from "../../../../src/protocols/mac.js";
import { hex } from "../../../support/packets.js";
import { ACK, RST } from "../../../../src/protocols/tcp.js";
import { CONTAINER, HOST, segment, SERVER, SYN } from "../../traffic.js";
import { Scene } from "../findings/scene.js";

const [BRIDGE, ASKING, ROUTING] = [hex("02424c19a581"), hex("0242ac110002"), hex("0242ac110003")];
const CONTAINERS = new Set([macHash(0x0242, 0xac110002), macHash(0x0242, 0xac110003)]);

const calling = (src: string, n: number, ttl: number) =>
  segment({
    src,
    dst: SERVER,
    srcPort: 40_000 + n,
    dstPort: 443,
    seq: 1000 * n,
    ack: 0,
    flags: SYN,
    ipId: 4711 + n,
    ttl,
  });

/** Many packets of a container that another one routes for, and the NAT behind that. `isKnown`: whether a snapshot says whose MAC addresses those are. */
function routed(isKnown: boolean, count = 60): Scene {
  const scene = new Scene().of({ isContainersMac: (mac) => isKnown && CONTAINERS.has(mac) });
  for (let n = 1; n <= count; n++)
    scene
      .alone(200 + n, "inside", calling(CONTAINER, n, 64), ASKING, ROUTING)
      .alone(200 + n + 0.05, "inside", calling(CONTAINER, n, 63), ROUTING, BRIDGE)
      .alone(200 + n + 0.07, "outside", calling(HOST, n, 62), BRIDGE);
  return scene.until(3000);
}

it("what a container sends to another one, which passes it on, is local: that one's frame is what the host forwards", async () => {
  const { alone, pairs } = await routed(true).outcome();
  expect(new Set(alone.map(({ verdict, reason }) => `${verdict} ${reason}`))).toEqual(
    new Set(["local between-containers"]),
  );
  expect(alone).toHaveLength(60);
  // the 80 before, and the 2 behind
  expect(pairs).toHaveLength(80 + 60 + 2);
  expect(pairs.some(({ frames }) => alone.some(({ frame }) => frames[0].includes(frame)))).toBe(false);
});

it("without a snapshot, it is what its capture shows twice", async () => {
  const { alone } = await routed(false).outcome();
  expect(new Set(alone.map(({ verdict }) => verdict))).toEqual(new Set(["copy"]));
});

it.each([
  ["172.17.0.9", "a neighbour"],
  ["172.17.0.1", "the host's own end of the link"],
])("a call of %s (%s) that is answered with a reset is refused, and one that is accepted is not", async (dst) => {
  const call = (n: number) =>
    segment({ src: CONTAINER, dst, srcPort: 50_000 + n, dstPort: 6379, seq: 77, ack: 0, flags: SYN, ipId: n, ttl: 64 });
  const answer = (n: number, flags: number) =>
    segment({ src: dst, dst: CONTAINER, srcPort: 6379, dstPort: 50_000 + n, seq: 9, ack: 78, flags, ipId: 0, ttl: 64 });
  const scene = new Scene()
    .alone(300, "inside", call(1))
    .alone(300.05, "inside", answer(1, RST | ACK))
    .alone(400, "inside", call(2))
    .alone(400.05, "inside", answer(2, SYN | ACK))
    .until(3000);
  const { alone } = await scene.outcome();
  expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual([
    "refused end-refuses",
    "local same-link",
    "local same-link",
    "local same-link",
  ]);
});
