import { describe, expect, it } from "vitest";
import { echo, filler, fragments, icmp, ipv4, tcp, udp } from "../support/packets.js";
import { judge, type Line, type Scene, summary, time } from "./scene.js";

const C1 = "172.17.0.2";
const HOST = "10.0.2.15";
const WORLD = "180.101.49.11";

/** Two identical heartbeats out, one answer back; ARP and a packet to the host itself on docker0. */
function heartbeats(): Scene & { lines: Line[] } {
  const beat = (src: string, srcPort: number, ttl: number) =>
    ipv4({ src, dst: WORLD, ttl, df: true }, udp({ srcPort, dstPort: 53, payload: filler(5) }));
  const answer = (dst: string, dstPort: number, ttl: number) =>
    ipv4({ src: WORLD, dst, ttl, id: 77 }, udp({ srcPort: 53, dstPort, payload: filler(9) }));
  const local = ipv4({ src: C1, dst: "172.17.0.1", id: 5 }, udp({ srcPort: 4000, dstPort: 123 }));
  const inside = { src: C1, srcPort: 5353, dst: WORLD, dstPort: 53 };
  const outside = { src: HOST, srcPort: 20000, dst: WORLD, dstPort: 53 };
  const out = (frames: [number, number], atUs: number): Line => ({
    type: "pair",
    flow: 1,
    proto: "udp",
    direction: "outbound",
    nat: "snat",
    rewrite: ["src", "srcPort"],
    by: "flow",
    evidence: ["length", "payload"],
    latencyNs: 30_000,
    inside: { frames: [frames[0]], time: time(atUs), ...inside, ipId: 0, ttl: 64, length: 33 },
    outside: { frames: [frames[1]], time: time(atUs + 30), ...outside, ipId: 0, ttl: 63, length: 33 },
  });
  const turned = { src: WORLD, srcPort: 53 };
  return {
    inside: [
      [0, filler(28), 0x0806],
      [100, beat(C1, 5353, 64)],
      [500, answer(C1, 5353, 63)],
      [600, local],
      [100_100, beat(C1, 5353, 64)],
    ],
    outside: [
      [130, beat(HOST, 20000, 63)],
      [480, answer(HOST, 20000, 64)],
      [100_130, beat(HOST, 20000, 63)],
    ],
    conntrack: [
      [
        140,
        `    [NEW] udp      17 30 src=${C1} dst=${WORLD} sport=5353 dport=53 [UNREPLIED] src=${WORLD} dst=${HOST} sport=53 dport=20000 id=42`,
      ],
    ],
    lines: [
      { type: "header", format: "natcorr", version: 1, inside: { name: "docker0" }, outside: { name: "enp0s3" } },
      out([2, 1], 100),
      {
        type: "pair",
        flow: 1,
        proto: "udp",
        direction: "inbound",
        nat: "snat",
        rewrite: ["dst", "dstPort"],
        by: "exact",
        evidence: ["ip-id", "length", "payload"],
        latencyNs: 20_000,
        inside: { frames: [3], time: time(500), ...turned, dst: C1, dstPort: 5353, ipId: 77, ttl: 63, length: 37 },
        outside: { frames: [2], time: time(480), ...turned, dst: HOST, dstPort: 20000, ipId: 77, ttl: 64, length: 37 },
      },
      {
        type: "unmatched",
        side: "inside",
        frame: 4,
        time: time(600),
        proto: "udp",
        src: C1,
        srcPort: 4000,
        dst: "172.17.0.1",
        dstPort: 123,
        verdict: "local",
        why: "",
      },
      out([5, 3], 100_100),
      { type: "flow", flow: 1, proto: "udp", nat: "snat", initiator: "inside", inside, outside, pairs: 3 },
      summary({ paired: 3, unmatched: 1, notIp: 1 }, { paired: 3 }, 1),
    ],
  };
}

const [FIRST_BEAT, ANSWER, LOCAL, SECOND_BEAT, FLOW, SUMMARY] = [1, 2, 3, 4, 5, 6];

/** The good lines with some members of one of them replaced; `inside` and `outside` are merged. */
function broken(at: number, change: Line): Scene {
  const scene = heartbeats();
  const line = scene.lines[at];
  for (const [name, value] of Object.entries(change)) {
    const isSide = (name === "inside" || name === "outside") && typeof value === "object";
    const { totals } = line;
    if (at === SUMMARY && isSide && typeof totals === "object")
      line["totals"] = { ...totals, [name]: { ...Reflect.get(totals ?? {}, name), ...value } };
    else line[name] = isSide ? Object.assign({}, line[name], value) : value;
  }
  return scene;
}

function without(at: number): Scene {
  const scene = heartbeats();
  scene.lines.splice(at, 1);
  return scene;
}

describe("what agrees", () => {
  it("is found to agree", () => {
    expect(judge(heartbeats())).toEqual([]);
  });
});

describe("accounting", () => {
  it.each<[string, Scene, RegExp]>([
    ["no summary", without(SUMMARY), /^0 summaries$/],
    ["a frame in two records", broken(LOCAL, { frame: 3 }), /^inside frame 3 is in 2 records$/],
    ["a frame in no record", without(LOCAL), /^inside frames 4 are in no record$/],
    ["a frame that is not IP", broken(LOCAL, { frame: 1 }), /^inside frame 1 is listed, and is no IP packet/],
    [
      "frames miscounted",
      broken(SUMMARY, { outside: { frames: 4 } }),
      /^outside: the summary says 4 frames, there are 3$/,
    ],
    [
      "paired miscounted",
      broken(SUMMARY, { inside: { paired: 2 } }),
      /^inside: the summary says 2 paired, there are 3$/,
    ],
    [
      "not IP miscounted",
      broken(SUMMARY, { inside: { notIp: 2 } }),
      /^inside: the summary says 2 not IP, there are 1$/,
    ],
    [
      "a sum that is none",
      broken(SUMMARY, { outside: { undecodable: 1 } }),
      /^outside: the summary's parts make 4 of 3/,
    ],
    ["flows miscounted", broken(SUMMARY, { flowCount: 2 }), /^the summary counts 2 flows, 1 are listed$/],
  ])("refuses %s", (_, scene, problem) => {
    expect(judge(scene)).toContainEqual(expect.stringMatching(problem));
  });
});

describe("pairs", () => {
  it.each<[string, Scene, RegExp]>([
    ["frames that are not there", broken(ANSWER, { inside: { frames: [9] } }), /outside 2: no such IP packets$/],
    ["different packets", broken(ANSWER, { outside: { frames: [1] } }), /not the same packet: length 33 is 37/],
    ["a wrong address", broken(ANSWER, { inside: { dst: "172.17.0.9" } }), /inside tuple is told as/],
    ["a wrong time", broken(ANSWER, { outside: { time: time(481) } }), /outside time is told as/],
    ["a wrong IP ID", broken(ANSWER, { inside: { ipId: 78 } }), /inside IP ID is told as 78, is 77/],
    ["a wrong TTL", broken(ANSWER, { inside: { ttl: 64 } }), /inside TTL is told as 64, is 63/],
    ["a wrong rewrite", broken(ANSWER, { rewrite: ["dst"] }), /rewrite is told as "dst", is "dst dstPort"/],
    ["the wrong way", broken(FIRST_BEAT, { direction: "inbound" }), /conntrack says it is not inbound/],
  ])("refuses %s", (_, scene, problem) => {
    expect(judge(scene)).toContainEqual(expect.stringMatching(problem));
  });

  it("refuses identical packets paired crosswise", () => {
    const scene = heartbeats();
    scene.lines[FIRST_BEAT].outside = heartbeats().lines[SECOND_BEAT].outside;
    scene.lines[SECOND_BEAT].outside = heartbeats().lines[FIRST_BEAT].outside;
    expect(judge(scene)).toEqual([
      "pair inside 2, outside 3: number 1 of 2 alike inside, number 2 outside",
      "pair inside 5, outside 1: number 2 of 2 alike inside, number 1 outside",
    ]);
  });

  it("refuses a translation that conntrack does not know", () => {
    const scene = heartbeats();
    expect(judge({ ...scene, conntrack: [] })).toContain(
      "pair inside 3, outside 2: conntrack knows no translation between these addresses then",
    );
  });

  it("refuses a translation that conntrack had forgotten by then", () => {
    const scene = heartbeats();
    const forgotten = scene.conntrack[0][1].replace("    [NEW]", "[DESTROY]");
    const found = judge({ ...scene, conntrack: [...scene.conntrack, [50_000, forgotten]] });
    expect(found).toEqual(["pair inside 5, outside 3: conntrack knows no translation between these addresses then"]);
  });
});

describe("flows", () => {
  it.each<[string, Scene, RegExp]>([
    ["an invented one", broken(FLOW, { outside: { srcPort: 20001 } }), /^flow 1: conntrack knows no such translation$/],
    ["one that the other side began", broken(FLOW, { initiator: "outside" }), /^flow 1: conntrack says the other side/],
    ["a wrong name", broken(FLOW, { nat: "dnat" }), /^flow 1: nat is dnat, conntrack says snat$/],
    ["pairs miscounted", broken(FLOW, { pairs: 2 }), /^flow 1: says 2 pairs, 3 are listed$/],
    [
      "a proxy without connections",
      broken(FLOW, { nat: "proxy" }),
      /^flow 1: conntrack knows no connection of the host/,
    ],
    ["another flow's pair", broken(ANSWER, { flow: 2 }), /belongs to another translation than flow 2/],
    ["none where there is one", without(FLOW), /^missed: no flow for conntrack's/],
    ["one without ports", portless(), /^missed: flow 1 has no ports/],
  ])("refuses %s", (_, scene, problem) => {
    expect(judge(scene)).toContainEqual(expect.stringMatching(problem));
  });
});

function portless(): Scene {
  const none = { srcPort: 0, dstPort: 0 };
  return broken(FLOW, { inside: none, outside: none });
}

function left(side: string, frame: number): Line {
  return { type: "unmatched", side, frame, proto: "udp", verdict: "unknown" };
}

describe("recall", () => {
  it("lists what is not paired, as missed", () => {
    const scene = heartbeats();
    scene.lines.splice(ANSWER, 1, left("inside", 3), left("outside", 2));
    Object.assign(scene.lines[FLOW + 1], { pairs: 2 });
    scene.lines[SUMMARY + 1] = summary({ paired: 2, unmatched: 2, notIp: 1 }, { paired: 2, unmatched: 1 }, 1);
    expect(judge(scene)).toEqual(["missed: inside frame 3 is outside frame 2"]);
  });

  it("says which of it was told to be ambiguous", () => {
    const scene = heartbeats();
    scene.lines[ANSWER] = { type: "ambiguous", inside: { frames: [3] }, outside: { frames: [2] }, why: "" };
    Object.assign(scene.lines[FLOW], { pairs: 2 });
    scene.lines[SUMMARY] = summary({ paired: 2, unmatched: 1, ambiguous: 1, notIp: 1 }, { paired: 2, ambiguous: 1 }, 1);
    expect(judge(scene)).toEqual(["missed: inside frame 3 is outside frame 2 (said to be ambiguous)"]);
  });
});

describe("packets cut differently", () => {
  const entry = `    [NEW] tcp      6 120 SYN_SENT src=${C1} dst=${WORLD} sport=40000 dport=80 [UNREPLIED] src=${WORLD} dst=${HOST} sport=80 dport=40000 id=7`;

  /** One segment of 300 bytes inside; outside the pieces that are given, as [offset, length]. */
  function segments(pieces: readonly (readonly [number, number])[]): Scene {
    const bytes = filler(300);
    const segment = (src: string, ttl: number, from: number, length: number) =>
      ipv4(
        { src, dst: WORLD, ttl, id: from + 1 },
        tcp({ seq: 0xffffff80 + from, payload: bytes.slice(from, from + length) }),
      );
    const ends = { srcPort: 40000, dst: WORLD, dstPort: 80 };
    return {
      inside: [[0, segment(C1, 64, 0, 300)]],
      outside: pieces.map(([from, length], at) => [20 + at, segment(HOST, 63, from, length)]),
      conntrack: [[50, entry]],
      lines: [
        {
          type: "pair",
          flow: 1,
          proto: "tcp",
          direction: "outbound",
          nat: "snat",
          rewrite: ["src"],
          by: "coverage",
          inside: { frames: [1], time: time(0), src: C1, ...ends, ipId: 1, ttl: 64, length: 340 },
          outside: {
            frames: pieces.map((_, at) => at + 1),
            time: time(20),
            src: HOST,
            ...ends,
            ipId: 1,
            ttl: 63,
            length: 0,
          },
        },
        {
          type: "flow",
          flow: 1,
          proto: "tcp",
          nat: "snat",
          initiator: "inside",
          pairs: 1,
          inside: { src: C1, ...ends },
          outside: { src: HOST, ...ends },
        },
        summary({ paired: 1 }, { paired: pieces.length }, 1),
      ],
    };
  }

  it("agrees where the same bytes were cut, across the end of the sequence numbers", () => {
    const cut = [
      [0, 100],
      [100, 100],
      [200, 100],
    ] as const;
    expect(judge(segments(cut))).toEqual([]);
  });

  it("refuses pieces that leave bytes out", () => {
    const cut = [
      [0, 100],
      [200, 100],
    ] as const;
    expect(judge(segments(cut))).toEqual([
      "pair inside 1, outside 1+2: not the same packet: bytes 0–300 are 0–100, 200–300",
    ]);
  });

  /** One ping of 4,000 bytes inside, its fragments outside, of which some are claimed to be it. */
  function ping(claimed: readonly number[]): Scene {
    const whole = (src: string, ttl: number) => ipv4({ src, dst: WORLD, ttl, id: 9 }, echo({ payload: filler(4000) }));
    const ends = { dst: WORLD, icmpId: 4096 };
    const pieces = fragments(whole(HOST, 63), 1500);
    const unclaimed = pieces.map((_, at) => at + 1).filter((frame) => !claimed.includes(frame));
    return {
      inside: [[0, whole(C1, 64)]],
      outside: pieces.map((piece, at) => [20 + at, piece]),
      conntrack: [
        [
          50,
          `    [NEW] icmp     1 30 src=${C1} dst=${WORLD} type=8 code=0 id=4096 [UNREPLIED] src=${WORLD} dst=${HOST} type=0 code=0 id=4096 id=8`,
        ],
      ],
      lines: [
        {
          type: "pair",
          flow: 1,
          proto: "icmp",
          direction: "outbound",
          nat: "snat",
          rewrite: ["src"],
          by: "fragments",
          inside: { frames: [1], time: time(0), src: C1, ...ends, ipId: 9, ttl: 64, length: 4028 },
          outside: { frames: claimed, time: time(20), src: HOST, ...ends, ipId: 9, ttl: 63, length: 4028 },
        },
        ...unclaimed.map((frame) => ({ type: "unmatched", side: "outside", frame, proto: "icmp", verdict: "unknown" })),
        {
          type: "flow",
          flow: 1,
          proto: "icmp",
          nat: "snat",
          initiator: "inside",
          pairs: 1,
          inside: { src: C1, ...ends },
          outside: { src: HOST, ...ends },
        },
        summary({ paired: 1 }, { paired: claimed.length, unmatched: unclaimed.length }, 1),
      ],
    };
  }

  it("agrees where all fragments of a datagram are there", () => {
    expect(judge(ping([1, 2, 3]))).toEqual([]);
  });

  it("refuses a datagram of which a piece is missing", () => {
    expect(judge(ping([1, 3]))).toContainEqual(
      expect.stringMatching(/^pair inside 1, outside 1\+3: .* a piece of the datagram is missing$/),
    );
  });
});

function timeExceeded(dst: string, ttl: number, quoted: Uint8Array): Uint8Array {
  return ipv4({ src: "10.0.2.2", dst, ttl, id: 3 }, icmp({ type: 11, payload: quoted }));
}

describe("ICMP errors", () => {
  const entry = `    [NEW] udp      17 30 src=${C1} dst=${WORLD} sport=5353 dport=53 [UNREPLIED] src=${WORLD} dst=${HOST} sport=53 dport=5353 id=9`;

  /** A router says that a datagram of the container's went too far; outside it quotes `quotedId`. */
  function error(quotedId: number): Scene {
    const quoted = (src: string, ttl: number, id: number) =>
      ipv4({ src, dst: WORLD, ttl, id }, udp({ srcPort: 5353, dstPort: 53 })).slice(0, 28);
    const ends = { srcPort: 5353, dst: WORLD, dstPort: 53 };
    const told = { src: "10.0.2.2", ipId: 3, length: 56 };
    return {
      inside: [[30, timeExceeded(C1, 63, quoted(C1, 1, 50))]],
      outside: [[20, timeExceeded(HOST, 64, quoted(HOST, 1, quotedId))]],
      conntrack: [[10, entry]],
      lines: [
        {
          type: "pair",
          flow: 1,
          proto: "icmp",
          direction: "inbound",
          nat: "snat",
          rewrite: ["dst"],
          by: "quoted",
          inside: { frames: [1], time: time(30), dst: C1, ttl: 63, ...told },
          outside: { frames: [1], time: time(20), dst: HOST, ttl: 64, ...told },
        },
        {
          type: "flow",
          flow: 1,
          proto: "udp",
          nat: "snat",
          initiator: "inside",
          pairs: 1,
          inside: { src: C1, ...ends },
          outside: { src: HOST, ...ends },
        },
        summary({ paired: 1 }, { paired: 1 }, 1),
      ],
    };
  }

  it("agree where they quote one packet on both sides", () => {
    expect(judge(error(50))).toEqual([]);
  });

  it("are refused where they quote two", () => {
    expect(judge(error(51))).toEqual(["pair inside 1, outside 1: not the same packet: quoted IP ID 51 is 50"]);
  });
});

describe("a leak", () => {
  it("is no invention: both captures have the packet as it was", () => {
    const leaked = (ttl: number) => ipv4({ src: C1, dst: WORLD, ttl, id: 4 }, tcp({ payload: filler(10) }));
    const ends = { src: C1, srcPort: 40000, dst: WORLD, dstPort: 80 };
    const told = { ...ends, ipId: 4, length: 50 };
    const scene: Scene = {
      inside: [[0, leaked(64)]],
      outside: [[20, leaked(63)]],
      conntrack: [],
      lines: [
        {
          type: "pair",
          flow: 1,
          proto: "tcp",
          direction: "outbound",
          nat: "none",
          rewrite: [],
          by: "exact",
          inside: { frames: [1], time: time(0), ttl: 64, ...told },
          outside: { frames: [1], time: time(20), ttl: 63, ...told },
        },
        {
          type: "flow",
          flow: 1,
          proto: "tcp",
          nat: "none",
          initiator: "inside",
          inside: ends,
          outside: ends,
          pairs: 1,
        },
        summary({ paired: 1 }, { paired: 1 }, 1),
      ],
    };
    expect(judge(scene)).toEqual([]);
  });
});
