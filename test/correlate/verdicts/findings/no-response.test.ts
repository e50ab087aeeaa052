import { describe, expect, it } from "vitest";
import { CONTAINER, HOST, OTHER, segment, SERVER, SYN, SYN_ACK } from "../../traffic.js";
import { type Ends, type Numbers, Scene } from "./scene.js";

const [ACK, PSH_ACK, FIN_ACK, RST, RST_ACK] = [0x10, 0x18, 0x11, 0x04, 0x14];
const REQUEST = "GET / HTTP/1.0\r\n\r\n";
const ASKED = 1001 + REQUEST.length;

/** A connection that the server accepts, and what it is asked, which it acknowledges: from 100 ms on. */
function asked(scene: Scene, ends: Ends = {}, request = REQUEST): Scene {
  return scene
    .up(100, ends, { flags: SYN })
    .down(110, ends, { flags: SYN_ACK })
    .up(111, ends, { flags: ACK, seq: 1001, ack: 5001 })
    .up(112, ends, { flags: PSH_ACK, seq: 1001, ack: 5001, text: request })
    .down(122, ends, { flags: ACK, seq: 5001, ack: 1001 + request.length });
}

const answer = (scene: Scene, ms: number): Scene =>
  scene.down(ms, {}, { flags: PSH_ACK, seq: 5001, ack: ASKED, text: "HTTP/1.0 200 OK\r\n\r\n" });
const closes = (scene: Scene, ms: number, ends: Ends = {}): Scene =>
  scene
    .up(ms, ends, { flags: FIN_ACK, seq: ASKED, ack: 5001 })
    .down(ms + 10, ends, { flags: ACK, seq: 5001, ack: ASKED + 1 });
const resets = (scene: Scene, ms: number): Scene => scene.up(ms, {}, { flags: RST_ACK, seq: ASKED, ack: 5001 });

/** What both findings say. */
async function said(scene: Scene): Promise<string[]> {
  const { findings } = await scene.outcome();
  return findings.filter(({ code }) => code === "no-response" || code === "connection-reset").map(({ text }) => text);
}

const CALL = "tcp 172.17.0.2.40000 > 180.101.49.11.443";

describe("no-response", () => {
  it("is a request that nothing came back to until the caller closed: who asked whom, how much, and how long nothing came", async () => {
    const [found, ...others] = await closes(asked(new Scene()), 3112).until(5000).findings("no-response");
    expect(others).toEqual([]);
    expect(found).toMatchObject({ severity: "info", count: 1, flows: [2], frames: { inside: [81], outside: [81] } });
    expect(found?.text).toBe(
      `accepted, asked, and no byte came back: ${CALL} (18 bytes acknowledged, no answer in 3.0 s: the caller closed)`,
    );
  });

  it.each([
    ["the caller reset it", resets(asked(new Scene()), 2612), "no answer in 2.5 s: the caller reset it"],
    [
      "the answer came once it had given up",
      answer(closes(asked(new Scene()), 3112), 3130).up(3131, {}, { flags: RST, seq: ASKED + 1 }),
      "no answer in 3.0 s: the caller closed",
    ],
    [
      "the other end closed",
      asked(new Scene()).down(500, {}, { flags: FIN_ACK, seq: 5001, ack: ASKED }),
      "no answer in 390 ms: the other end closed",
    ],
    ["neither closed", asked(new Scene()), "no answer in 4.9 s: neither closed"],
    [
      "what it posts follows a second later",
      closes(
        asked(new Scene(), {}, "POST").up(1112, {}, { flags: PSH_ACK, seq: 1005, ack: 5001, text: "form of 14 bts" }),
        3212,
      ).down(1122, {}, { flags: ACK, seq: 5001, ack: ASKED }),
      "no answer in 2.1 s: the caller closed",
    ],
  ])("is one where %s", async (_, scene, words) => {
    expect(await said(scene.until(5000))).toEqual([
      `accepted, asked, and no byte came back: ${CALL} (18 bytes acknowledged, ${words})`,
    ]);
  });

  it("is what the last connection of two ends and ports came to", async () => {
    const [seq, ack] = [900_001, 700_001];
    const scene = closes(asked(new Scene()), 3112)
      .up(4000, {}, { flags: SYN, seq: seq - 1 })
      .down(4010, {}, { flags: SYN_ACK, seq: ack - 1, ack: seq })
      .up(4011, {}, { flags: PSH_ACK, seq, ack, text: "GET" })
      .down(4021, {}, { flags: ACK, seq: ack, ack: seq + 3 })
      .up(8011, {}, { flags: FIN_ACK, seq: seq + 3, ack });
    expect(await said(scene.until(9000))).toEqual([
      `accepted, asked, and no byte came back: ${CALL} (3 bytes acknowledged, no answer in 4.0 s: the caller closed)`,
    ]);
  });

  it("is one line of what a client asks of one service, however often", async () => {
    const scene = new Scene();
    for (const port of [40_000, 40_001, 40_002]) closes(asked(scene, { port }), 2212 + (port % 10) * 1000, { port });
    closes(asked(scene, { container: OTHER, port: 41_000 }), 3112, { container: OTHER, port: 41_000 });
    expect(await said(scene.until(6000))).toEqual([
      "accepted, asked, and no byte came back: tcp 172.17.0.2 > 180.101.49.11.443 (3 conversations: 18 bytes acknowledged, " +
        "no answer in 2.1 s to 4.1 s: the caller closed), tcp 172.17.0.3.41000 > 180.101.49.11.443 (18 bytes acknowledged, no answer in 3.0 s: the caller closed)",
    ]);
  });
});

/** What the server says of its own. */
const greeted = (scene: Scene): Scene =>
  scene
    .up(100, {}, { flags: SYN })
    .down(110, {}, { flags: SYN_ACK })
    .up(111, {}, { flags: ACK, seq: 1001, ack: 5001 })
    .down(112, {}, { flags: PSH_ACK, seq: 5001, ack: 1001, text: "220 ready\r\n" })
    .up(113, {}, { flags: PSH_ACK, seq: 1001, ack: 5012, text: REQUEST })
    .down(123, {}, { flags: ACK, seq: 5012, ack: ASKED });

/** A connection without a request. */
const connected = (scene: Scene): Scene =>
  scene.up(100, {}, { flags: SYN }).down(110, {}, { flags: SYN_ACK }).up(111, {}, { flags: ACK, seq: 1001, ack: 5001 });

/** What sends something twice, with a pause. */
function stream(pauseMs: number): Scene {
  const scene = asked(new Scene());
  return scene
    .up(112 + pauseMs, {}, { flags: PSH_ACK, seq: ASKED, ack: 5001, text: REQUEST })
    .down(122 + pauseMs, {}, { flags: ACK, seq: 5001, ack: ASKED + REQUEST.length });
}

/** An upload in so many segments, which are all acknowledged. */
function upload(count: number): Scene {
  const scene = connected(new Scene());
  for (let n = 0; n < count; n++)
    scene
      .up(112 + n, {}, { flags: ACK, seq: 1001 + 1000 * n, ack: 5001, text: `${n}`.padEnd(1000, "x") })
      .down(112.5 + n, {}, { flags: ACK, seq: 5001, ack: 2001 + 1000 * n });
  return scene;
}

describe("no-response and connection-reset", () => {
  it.each([
    ["is answered, and closed long after", closes(answer(asked(new Scene()), 130), 4000)],
    ["is answered, and reset after that", answer(asked(new Scene()), 130).down(140, {}, { flags: RST, seq: 5020 })],
    ["is answered at the end of a long upload", answer(upload(20), 4000)],
    ["is a long upload that has not ended", upload(20)],
    ["only connects and closes (a health check)", connected(new Scene()).up(112, {}, { flags: RST, seq: 1001 })],
    [
      "only connects, and is closed later",
      connected(new Scene()).down(3000, {}, { flags: FIN_ACK, seq: 5001, ack: 1001 }),
    ],
    ["is reset before it asks anything", connected(new Scene()).down(300, {}, { flags: RST, seq: 5001 })],
    ["waits for who speaks first", greeted(new Scene())],
    ["closes a second behind what it sends (nc -w 1)", closes(asked(new Scene()), 1113)],
    ["closes at once behind what it sends, as what only brings something does", closes(asked(new Scene()), 113)],
    ["closes its half and is reset then", closes(asked(new Scene()), 113).down(140, {}, { flags: RST, seq: 5001 })],
    [
      "closes its half, and is answered then",
      answer(closes(asked(new Scene()), 2500), 3000).up(3001, {}, { flags: ACK, seq: ASKED + 1, ack: 5020 }),
    ],
    ["sends a stream: something now and then", stream(2500)],
    ["acknowledges what was not seen", asked(new Scene()).up(140, {}, { flags: ACK, seq: ASKED, ack: 5200 })],
    ["was answered, and the answer was dropped", answerLost(closes(asked(new Scene()), 3112))],
    [
      "was not seen from its SYN on",
      closes(
        new Scene()
          .up(112, {}, { flags: PSH_ACK, seq: 1001, ack: 5001, text: REQUEST })
          .down(122, {}, { flags: ACK, seq: 5001, ack: ASKED }),
        3112,
      ),
    ],
    [
      "is a keep-alive on an idle connection",
      connected(new Scene())
        .up(2000, {}, { flags: ACK, seq: 1000, ack: 5001, text: "x" })
        .down(2010, {}, { flags: ACK, seq: 5001, ack: 1001 }),
    ],
  ])("is not what %s", async (_, scene) => {
    expect(await said(scene.until(9000))).toEqual([]);
  });

  it("is not what has not waited for long when the captures end", async () => {
    expect(await said(asked(new Scene()).until(2900))).toEqual([]);
  });
});

/** An answer that reaches the host, and not the container. */
function answerLost(scene: Scene): Scene {
  return scene.down(200, {}, { flags: PSH_ACK, seq: 5001, ack: ASKED, text: "HTTP/1.0 200 OK\r\n\r\n" }, "outside");
}

describe("connection-reset", () => {
  it("is a request that a reset answers, by the other end, as its TTL tells", async () => {
    const scene = asked(new Scene()).down(122.5, {}, { flags: RST_ACK, seq: 5001, ack: ASKED });
    const [found, ...others] = await scene.until(5000).findings("connection-reset");
    expect(others).toEqual([]);
    expect(found).toMatchObject({ severity: "warning", count: 1, flows: [2] });
    expect(found?.text).toBe(
      `accepted, asked, and reset before any answer: ${CALL} (18 bytes sent, reset 11 ms later with the TTL of the SYN-ACK (53): by the other end, as it seems)`,
    );
  });

  it("says that somebody on the way may have sent it where its TTL is another one", async () => {
    const scene = connected(new Scene()).up(112, {}, { flags: PSH_ACK, seq: 1001, ack: 5001, text: REQUEST });
    const reset = { src: SERVER, srcPort: 443, dstPort: 40_000, seq: 5001, ack: ASKED, flags: RST_ACK, ipId: 7 };
    scene
      .alone(112.5, "outside", segment({ ...reset, dst: HOST, ttl: 64 }))
      .alone(112.51, "inside", segment({ ...reset, dst: CONTAINER, ttl: 63 }));
    expect(await said(scene.until(5000))).toEqual([
      `accepted, asked, and reset before any answer: ${CALL} (18 bytes sent, reset 0.5 ms later with TTL 64, and the SYN-ACK had 53: maybe by somebody on the way)`,
    ]);
  });
});

/** A segment between the host's end of the bridge and a container, by a connection of the host's own: as a docker-proxy makes one. */
function proxied(scene: Scene, ms: number, isProxys: boolean, numbers: Numbers): Scene {
  const ends = isProxys ? { src: "172.17.0.1", dst: CONTAINER } : { src: CONTAINER, dst: "172.17.0.1" };
  const [srcPort, dstPort] = isProxys ? [50_000, 80] : [80, 50_000];
  return scene.alone(
    ms,
    "inside",
    segment({ ...ends, srcPort, dstPort, ttl: 64, ipId: ms, seq: 1000, ack: 0, ...numbers }),
  );
}

/** What such a connection asks of the container, which acknowledges it. */
function askedBeside(scene: Scene): Scene {
  proxied(scene, 100, true, { flags: SYN, seq: 1000 });
  proxied(scene, 101, false, { flags: SYN_ACK, seq: 5000, ack: 1001 });
  proxied(scene, 102, true, { flags: ACK, seq: 1001, ack: 5001 });
  proxied(scene, 103, true, { flags: PSH_ACK, seq: 1001, ack: 5001, text: REQUEST });
  return proxied(scene, 104, false, { flags: ACK, seq: 5001, ack: ASKED });
}

const BESIDE = "tcp 172.17.0.1.50000 > 172.17.0.2.80";
const closesBeside = (scene: Scene, ms: number): Scene =>
  proxied(scene, ms, true, { flags: FIN_ACK, seq: ASKED, ack: 5001 });
const answersBeside = (scene: Scene, ms: number): Scene =>
  proxied(scene, ms, false, { flags: PSH_ACK, seq: 5001, ack: ASKED, text: "HTTP/1.0 200 OK\r\n\r\n" });

describe("what the host, or a container, asks of a container beside it", () => {
  it.each([
    ["closed", closesBeside(askedBeside(new Scene()), 3103), "no answer in 3.0 s: the caller closed"],
    ["still open", askedBeside(new Scene()), "no answer in 4.9 s: neither closed"],
  ])("and gets no answer to is no-response: %s", async (_, scene, words) => {
    const [found, ...others] = await scene.until(5000).findings("no-response");
    expect(others).toEqual([]);
    expect(found).toMatchObject({ count: 1, flows: [], more: 0 });
    expect(found?.frames.inside).toHaveLength(1);
    expect(found?.text).toBe(`accepted, asked, and no byte came back: ${BESIDE} (18 bytes acknowledged, ${words})`);
  });

  it("and is reset is connection-reset", async () => {
    const scene = proxied(askedBeside(new Scene()), 114, false, { flags: RST_ACK, seq: 5001, ack: ASKED });
    expect(await said(scene.until(5000))).toEqual([
      `accepted, asked, and reset before any answer: ${BESIDE} (18 bytes sent, reset 11 ms later with the TTL of the SYN-ACK (64): by the other end, as it seems)`,
    ]);
  });

  it.each([
    ["is answered", closesBeside(answersBeside(askedBeside(new Scene()), 2000), 4000)],
    ["is closed soon", closesBeside(askedBeside(new Scene()), 1000)],
    [
      "acknowledges an answer that was not seen",
      proxied(askedBeside(new Scene()), 2000, true, { flags: FIN_ACK, seq: ASKED, ack: 5200 }),
    ],
    [
      "sends what was not seen in part",
      proxied(askedBeside(new Scene()), 105, true, { flags: PSH_ACK, seq: ASKED + 7, ack: 5001, text: "more" }),
    ],
    [
      "goes on sending",
      proxied(askedBeside(new Scene()), 2500, true, { flags: PSH_ACK, seq: ASKED, ack: 5001, text: "more" }),
    ],
  ])("is neither where it %s", async (_, scene) => {
    expect(await said(scene.until(9000))).toEqual([]);
  });
});
