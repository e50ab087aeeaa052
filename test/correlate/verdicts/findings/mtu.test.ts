import { expect, it } from "vitest";
import { icmp, ipv4, transport } from "../../../support/packets.js";
import { CONTAINER, HOST, SYN, SYN_ACK } from "../../traffic.js";
import { Scene } from "./scene.js";

const ACK = 0x10;
const FIN_ACK = 0x11;
const REQUEST = "POST";
const BODY = "x".repeat(1400);
const body = { flags: ACK, seq: 1005, ack: 5001, text: BODY };

/** An upload: a short request is acknowledged, a long segment is not, however often it is sent. */
const uploading = (again: readonly number[] = [330, 750, 1550], { text = BODY, flags = ACK } = {}) => {
  const scene = new Scene()
    .up(100, {}, { flags: SYN })
    .down(110, {}, { flags: SYN_ACK })
    .up(111, {}, { flags: ACK, seq: 1001, ack: 5001 })
    .up(112, {}, { flags: ACK, seq: 1001, ack: 5001, text: REQUEST })
    .down(122, {}, { flags: ACK, seq: 5001, ack: 1005 })
    .up(130, {}, { ...body, text });
  for (const ms of again) scene.up(ms, {}, { ...body, text, flags });
  return scene;
};

/** The server gives up waiting, and says so: it has nothing of the body. */
const timedOut = (scene: Scene, ack = 1005) =>
  scene
    .down(3000, {}, { flags: FIN_ACK, seq: 5001, ack })
    .up(3001, {}, { flags: ACK, seq: 2405, ack: 5002 })
    .until(5000);

it("mtu is a long segment that never gets through, though a shorter one did, and the server is there", async () => {
  const [found, ...others] = await timedOut(uploading()).findings("mtu");
  expect(others).toEqual([]);
  expect(found).toMatchObject({
    severity: "warning",
    count: 1,
    flows: [2],
    frames: { inside: [87, 88, 89], outside: [] },
  });
  expect(found?.text).toBe(
    "segments crossed again and again and were never acknowledged, while all shorter ones were: tcp 172.17.0.2.40000 > 180.101.49.11.443 1440 bytes, 3 times again",
  );
});

it("mtu tells the length of a segment as it is by itself, where a tunnel brings it, and who sent it", async () => {
  const long = { flags: ACK, seq: 5005, ack: 1001, text: BODY };
  const scene = new Scene()
    .up(100, {}, { flags: SYN })
    .down(110, {}, { flags: SYN_ACK })
    .down(112, {}, { flags: ACK, seq: 5001, ack: 1001, text: REQUEST })
    .up(113, {}, { flags: ACK, seq: 1001, ack: 5005 });
  for (const ms of [130, 330, 750, 1550]) scene.down(ms, {}, long);
  scene.up(3000, {}, { flags: FIN_ACK, seq: 1001, ack: 5005 }).down(3001, {}, { flags: ACK, seq: 6405, ack: 1002 });
  for (const [at, { ns, packet }] of scene.outside.entries()) {
    const [src, dst] = packet[12] === 10 ? [HOST, "10.0.2.3"] : ["10.0.2.3", HOST];
    scene.outside[at] = { ns, packet: ipv4({ src, dst, id: at, ttl: 64 }, transport(4, packet)) };
  }
  const [found] = await scene.until(5000).findings("mtu");
  expect(found?.text).toMatch(/: tcp 180.101.49.11.443 > 172.17.0.2.40000 1440 bytes, 3 times again$/);
});

it("mtu is what a router beyond says of a packet that crossed, with the length that may pass", async () => {
  const scene = uploading([]);
  /** The error as a side has it: it quotes the long segment as that was there. */
  const tooLong = (side: "inside" | "outside", dst: string, ttl: number) => {
    const quoted = scene[side][scene[side].length - 1].packet.subarray(0, 28);
    return ipv4({ src: "10.0.2.2", dst, id: 7, ttl }, icmp({ type: 3, code: 4, word: 1200, payload: quoted }));
  };
  const [inside, outside] = [tooLong("inside", CONTAINER, 63), tooLong("outside", HOST, 64)];
  scene.alone(140, "outside", outside).alone(140.02, "inside", inside);
  expect(await scene.until(2000).findings("mtu")).toMatchObject([
    {
      severity: "warning",
      count: 1,
      flows: [2],
      frames: { inside: [], outside: [87] },
      text: "crossed, and too long for a link beyond: MTU 1200, says 10.0.2.2 (outside #87)",
    },
  ]);
});

it.each([
  ["a server that is gone", uploading().until(5000)],
  ["a segment that is acknowledged in the end", timedOut(uploading(), 2405)],
  [
    "a segment that is acknowledged by what was lost on its way in",
    timedOut(uploading().down(1560, {}, { flags: ACK, seq: 5001, ack: 2405 }, "outside")),
  ],
  ["a segment that is lost once", timedOut(uploading([330]))],
  ["a short segment", timedOut(uploading([330, 750, 1550], { text: "x".repeat(400) }))],
  [
    "a segment behind others as long that got through",
    timedOut(
      new Scene()
        .up(100, {}, { flags: SYN })
        .down(110, {}, { flags: SYN_ACK })
        .up(111, {}, { flags: ACK, seq: 1001, ack: 5001 })
        .up(112, {}, { flags: ACK, seq: 1001, ack: 5001, text: BODY })
        .down(122, {}, { flags: ACK, seq: 5001, ack: 2401 })
        .up(130, {}, { ...body, seq: 2401 })
        .up(330, {}, { ...body, seq: 2401 })
        .up(750, {}, { ...body, seq: 2401 })
        .up(1550, {}, { ...body, seq: 2401 }),
      2401,
    ),
  ],
])("mtu is not %s", async (_, scene) => {
  expect(await scene.findings("mtu")).toEqual([]);
});

/** Uploads of which the host drops what is long, each from a port of its own with a body of its own; `short`: something that it drops beside. */
const swallowing = (bodies: readonly string[], { isOver = true, short = "" } = {}) => {
  const scene = new Scene();
  for (const [n, text] of bodies.entries()) {
    const ends = { port: 40_000 + n };
    const at = 100 + n;
    scene
      .up(at, ends, { flags: SYN })
      .down(at + 10, ends, { flags: SYN_ACK })
      .up(at + 11, ends, { flags: ACK, seq: 1001, ack: 5001 });
    for (const ms of [at + 30, 330, 750, 1550])
      scene.up(ms, ends, { flags: ACK, seq: 1001, ack: 5001, text }, "inside");
    if (short !== "") scene.up(1560, ends, { flags: ACK, seq: 1001 + text.length, ack: 5001, text: short }, "inside");
  }
  // the outside capture goes on
  for (const ms of [500, 1000, 1600]) scene.ping(ms, ms).ping(ms + 1, ms, true);
  if (isOver)
    scene.down(3000, {}, { flags: FIN_ACK, seq: 5001, ack: 1001 }).up(3001, {}, { flags: ACK, seq: 2401, ack: 5002 });
  return scene.until(5000);
};
const BODIES = ["w", "x", "y", "z"].map((letter) => letter.repeat(1400));

it("mtu is what the host drops however often it is sent, in four flows that carry different things, where all that is shorter crosses", async () => {
  const named = [0, 1, 2, 3].map(
    (n) => `tcp 172.17.0.2.4000${n} > 180.101.49.11.443 1440 bytes 4 times${n < 3 ? ", " : ""}`,
  );
  const found = (await swallowing(BODIES).findings("mtu")).map(({ text, frames }) => ({ text, frames }));
  expect(found).toEqual([
    {
      text: `segments never left, however often they were sent, while all shorter ones of their flow and direction did: ${named.join("")}`,
      frames: { inside: [0, 1, 2, 3].flatMap((n) => [93, 97, 103, 109].map((frame) => frame + n)), outside: [] },
    },
  ]);
});

it.each([
  ["one flow", swallowing([BODY])],
  ["some that carry one of two things: a rule may look at that", swallowing([...BODIES.slice(2), ...BODIES.slice(2)])],
  ["some of which nothing crosses any more", swallowing(BODIES, { isOver: false })],
  ["some that lose short segments as well", swallowing(BODIES, { short: "bye" })],
  ["some that lose short requests", swallowing(BODIES.map((body) => body.slice(0, 400)))],
])("mtu is not what the host drops of %s", async (_, scene) => {
  expect(await scene.findings("mtu")).toEqual([]);
});
