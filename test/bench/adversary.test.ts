import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ADVERSARIES } from "../../scripts/bench/adversary/adversaries.js";
import { type AdversaryPair, generateAdversary } from "../../scripts/bench/adversary/adversary.js";
import { START_NS } from "../../scripts/bench/adversary/capture.js";
import { segment, TCP, UDP } from "../../scripts/bench/adversary/packet.js";
import { bytes, datagram } from "../../scripts/bench/adversary/talk.js";
import { container, type Flow, server, type World } from "../../scripts/bench/adversary/world.js";
import { type Capture, readCapture } from "../../scripts/bench/pcap.js";
import {
  COPY,
  DROPPED,
  FORWARDED,
  LOCAL,
  LOCAL_COPY,
  LOCAL_UNCOVERED,
  readTruth,
  UNCOVERED,
  UNSEEN,
} from "../../scripts/bench/truth.js";
import { isSkipped, tools } from "../support/needs.js";
import { onesSum } from "./sums.js";

const folder = mkdtempSync(join(tmpdir(), "natcorr-adversary-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const lacksTcpdump = isSkipped("whether tcpdump reads the adversaries' captures", tools(["tcpdump"]));

function pairOf(name: string, seed = 1): AdversaryPair {
  const adversary = ADVERSARIES.get(name);
  if (adversary === undefined) throw new Error(`there is no ${name}`);
  return generateAdversary(adversary, join(folder, name, String(seed)), seed);
}

/** A pair of a world that does only this. */
function played(play: (world: World) => void): AdversaryPair {
  return generateAdversary({ about: "", recall: null, play }, join(folder, "played"), 1);
}

/** Frames whose IP or transport checksum is wrong, where the whole packet is there to sum up. */
function wrongSums({ bytes: all, start, captured, original, count }: Capture): number[] {
  const wrong: number[] = [];
  for (let frame = 1; frame <= count; frame++) {
    if (captured[frame] < original[frame]) continue;
    const whole = all.subarray(start[frame], start[frame] + captured[frame]);
    // a tunnel's UDP has no sum (RFC 7348 section 5), and what it carries has
    const isVxlan = whole.readUInt16BE(36) === 4789 && whole[23] === 17;
    if (isVxlan && onesSum(whole, 14, 34) !== 0xffff) wrong.push(frame);
    const bytes = isVxlan ? whole.subarray(50) : whole;
    const ip = bytes.readUInt16BE(12) === 0x8864 ? 22 : 14;
    const isIpv6 = bytes[ip] >>> 4 === 6;
    const header = isIpv6 ? 40 : 20;
    if (!isIpv6 && onesSum(bytes, ip, ip + 20) !== 0xffff) wrong.push(frame);
    const proto = bytes[ip + (isIpv6 ? 6 : 9)];
    const isFragment = !isIpv6 && (bytes.readUInt16BE(ip + 6) & 0x3fff) !== 0;
    if (isFragment || ![1, 6, 17, 58].includes(proto)) continue;
    const pseudo = Buffer.alloc(8);
    pseudo.writeUInt32BE(bytes.length - ip - header);
    pseudo[7] = proto;
    const addresses = proto === 1 ? [] : [bytes.subarray(ip + (isIpv6 ? 8 : 12), ip + header), pseudo];
    const summed = Buffer.concat([...addresses, bytes.subarray(ip + header)]);
    if (onesSum(summed, 0, summed.length) !== 0xffff) wrong.push(frame);
  }
  return wrong;
}

const digestOf = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

function digestsOf(seed: number): string[] {
  const { inside, outside } = pairOf("said/clash-resolve", seed);
  return [inside, outside, join(inside, "..", "truth.bin")].map(digestOf);
}

test("the same seed gives the same bytes, another seed others", () => {
  const first = digestsOf(7);
  expect(digestsOf(7)).toEqual(first);
  for (const [i, digest] of digestsOf(8).entries()) expect(digest).not.toBe(first[i]);
});

test("every scenario is named by its theme and says what it is about", () => {
  for (const [name, { about, recall }] of ADVERSARIES) {
    expect(name).toMatch(/^(wrong|said|recall)\/[a-z0-9-]+$/);
    expect(about).not.toBe("");
    expect(recall ?? 0).toBeLessThanOrEqual(1);
  }
});

/** One of each protocol, rewrite and kind of capture. */
const SAMPLES = [
  "wrong/esp-overtaking",
  "wrong/fragments-ipv6",
  "wrong/order-500-hz",
  "said/nat64-icmp-errors",
  "said/mss-option-added",
  "said/one-frame-cut-ipv6",
  "said/capture-pauses",
  "recall/esp-gre-sctp-ah",
  "recall/pppoe-uplink",
  "recall/vxlan-uplink",
  "recall/big-tcp",
  "recall/span-copies-both-sides",
  "recall/payload-changed-by-alg",
];

describe.each(SAMPLES)("%s", (name) => {
  const pair = pairOf(name);
  const { truth } = pair;
  const captures = { inside: readCapture(pair.inside), outside: readCapture(pair.outside) };

  test("has frames that are well formed", () => {
    for (const side of ["inside", "outside"] as const) {
      expect(captures[side].count).toBe(truth[side].kind.length - 1);
      expect(wrongSums(captures[side])).toEqual([]);
    }
  });

  test("has a truth that is consistent: each packet on both sides, what is decidable among them, and read back alike", () => {
    const serials = (side: "inside" | "outside") =>
      new Set([...truth[side].serial].filter((_, frame) => truth[side].kind[frame] === FORWARDED && frame > 0));
    expect(serials("inside").size).toBeGreaterThan(100);
    expect(serials("inside")).toEqual(serials("outside"));
    const odd = [truth.inside, truth.outside].map(({ kind, serial, isDecidable }) =>
      [...kind.keys()].filter(
        (frame) =>
          frame > 0 &&
          ((kind[frame] !== FORWARDED && serial[frame] > 0) || (kind[frame] === UNSEEN && isDecidable[frame] > 0)),
      ),
    );
    expect(odd).toEqual([[], []]);
    expect(readTruth(join(pair.inside, "..", "truth.bin"))).toEqual(truth);
  });

  test.skipIf(lacksTcpdump)("is read by tcpdump to its end", () => {
    for (const side of ["inside", "outside"] as const) {
      const { status, stdout } = spawnSync("tcpdump", ["-nr", pair[side], "--count"], { encoding: "utf8" });
      expect(status).toBe(0);
      expect(stdout).toContain(`${captures[side].count} packets`);
    }
  });
});

test.skipIf(lacksTcpdump)("a capture with counters is a pcapng that tcpdump reads", () => {
  const { inside, truth } = pairOf("recall/constant-id-losses-counted");
  const { status, stdout } = spawnSync("tcpdump", ["-nr", inside, "--count"], { encoding: "utf8" });
  expect(status).toBe(0);
  expect(stdout).toContain(`${truth.inside.kind.length - 1} packets`);
});

function kindsOf(name: string): ReadonlySet<number> {
  const { truth } = pairOf(name);
  return new Set([...truth.inside.kind.subarray(1), ...truth.outside.kind.subarray(1)]);
}

describe("what becomes of a frame", () => {
  test("is in its truth: crossed, dropped, missed, missed and said so, a copy, the host's own, its own while the other capture did not run", () => {
    expect(kindsOf("wrong/order-500-hz")).toEqual(new Set([FORWARDED, DROPPED, UNSEEN, LOCAL]));
    expect(kindsOf("said/capture-pauses")).toEqual(new Set([FORWARDED, UNCOVERED, LOCAL]));
    expect(kindsOf("recall/span-copies-one-side")).toEqual(new Set([FORWARDED, COPY, LOCAL, LOCAL_COPY]));
    expect(kindsOf("said/captures-begin-and-end-apart")).toEqual(
      new Set([FORWARDED, DROPPED, LOCAL, UNCOVERED, LOCAL_UNCOVERED]),
    );
  });

  test("shows on two clocks what they say: offset, drift and resolution", () => {
    const { inside, outside } = played((world) => {
      Object.assign(world.outside.model, { offsetS: 7, offsetNs: 5e8, driftPpm: 100, resolutionNs: 1000 });
      const flow = flowFrom(world, 0, 5000);
      for (const second of [0, 10]) {
        world.after(second * 1e9, () =>
          world.send(flow, "outbound", datagram(bytes(world.rng, 9), 1), { latencyNs: 2500 }),
        );
      }
    });
    const [i, o] = [readCapture(inside), readCapture(outside)];
    const apart = [1, 2].map((frame) => (o.seconds[frame] - i.seconds[frame]) * 1e9 + o.nanos[frame] - i.nanos[frame]);
    // 100 ppm of ten seconds are a millisecond; 2.5 µs are 2 in microseconds
    expect(apart).toEqual([7_500_002_000, 7_501_002_000]);
  });
});

function flowFrom(world: World, host: number, port: number): Flow {
  return world.flow(UDP, { address: container(host), port }, { address: server(0), port: 53 });
}

const BEAT = datagram(Buffer.from("beat"), 0);

/** Per inside frame, 1 where it is decided what its twin is, or that it has none. */
function decided(play: (world: World) => void): number[] {
  return [...played(play).truth.inside.isDecidable.subarray(1)];
}

/** Equal datagrams of one flow, so far apart; each takes so long, or is dropped where that is null. */
function inOneFlow(apartNs: number, latencies: readonly (number | null)[]): number[] {
  return decided((world) => {
    const flow = flowFrom(world, 0, 5000);
    for (const [i, latencyNs] of latencies.entries()) {
      const fate = latencyNs === null ? { drop: true } : { latencyNs };
      world.after(i * apartNs, () => world.send(flow, "outbound", BEAT, fate));
    }
  });
}

/** The same of two equal ones that cross, where each of these captures misses something else. */
function besideMisses(apartNs: number, ...captures: readonly ("inside" | "outside")[]): number[] {
  return decided((world) => {
    const flow = flowFrom(world, 0, 5000);
    for (const at of [0, 1]) world.after(at * apartNs, () => world.send(flow, "outbound", BEAT, { latencyNs: 300e3 }));
    for (const missed of captures)
      world.after(1e9, () => world.send(flow, "outbound", datagram(Buffer.from("other"), 1), { missed }));
  }).slice(0, 2);
}

/** Equal datagrams of two containers at one moment. */
function clones(ports: "kept" | "random"): number[] {
  return decided((world) => {
    world.router.ports = ports;
    for (const host of [0, 1]) {
      const flow = flowFrom(world, host, 5000 + host);
      world.after(0, () => world.send(flow, "outbound", BEAT));
    }
  });
}

describe("what the captures decide", () => {
  test("a packet like no other", () => {
    expect(inOneFlow(0, [50e3])).toEqual([1]);
  });

  test("equal packets of a known flow, by their order, unless they swapped", () => {
    expect(inOneFlow(100e3, [300e3, 300e3])).toEqual([1, 1]);
    expect(inOneFlow(100e3, [300e3, 100e3])).toEqual([0, 0]);
  });

  test("not those of which one was dropped nearby, but those far from it", () => {
    expect(inOneFlow(150e3, [50e3, null, 50e3])).toEqual([0, 0, 0]);
    // and that nothing of those is the one that was dropped
    expect(inOneFlow(300e3, [50e3, null, 50e3])).toEqual([1, 1, 1]);
  });

  test("not by their order where each capture may lack another one, but by time", () => {
    expect(besideMisses(100e3, "inside")).toEqual([1, 1]);
    expect(besideMisses(100e3, "outside")).toEqual([1, 1]);
    expect(besideMisses(100e3, "inside", "outside")).toEqual([0, 0]);
    expect(besideMisses(2e6, "inside", "outside")).toEqual([1, 1]);
  });

  test("not clones in lock-step, unless their ports were kept", () => {
    expect(clones("random")).toEqual([0, 0]);
    expect(clones("kept")).toEqual([1, 1]);
  });
});

/** Of a datagram that is dropped between two that cross, beside what else happens: whether that is decided. */
function isDropDecided(beside: (world: World, flow: Flow) => void, drop: object = { drop: true }): boolean {
  const { truth } = played((world) => {
    const flow = flowFrom(world, 0, 5000);
    for (const at of [0, 1, 2]) {
      const packet = datagram(Buffer.from(`number ${at}`), 1 + at);
      world.after(at * 1e6, () => world.send(flow, "outbound", packet, at === 1 ? drop : {}));
    }
    beside(world, flow);
  });
  return truth.inside.kind.some((kind, frame) => kind === DROPPED && truth.inside.isDecidable[frame] === 1);
}

/** Whether the drop of a segment is decided behind which the other end acknowledges so much. */
function isSegmentDecided(ack: number): boolean {
  const { truth } = played((world) => {
    const [near, far] = [
      { address: container(0), port: 5000 },
      { address: server(0), port: 443 },
    ];
    const flow = world.flow(TCP, near, far);
    const payload = Buffer.from("data");
    world.after(0, () => world.send(flow, "outbound", segment({ seq: 96, ack: 7 }, { payload })));
    world.after(5e5, () => world.send(flow, "outbound", segment({ seq: 100, ack: 7 }, { payload }), { drop: true }));
    world.after(1e6, () => world.send(flow, "inbound", segment({ seq: 7, ack })));
    world.after(2e6, () => world.send(flow, "outbound", segment({ seq: 104, ack: 8 }, { payload })));
  });
  expect(truth.inside.kind[2]).toBe(DROPPED);
  return truth.inside.isDecidable[2] === 1;
}

/** Has the outside alone show the like of that one. */
const likeAt = (atNs: number) => (world: World, flow: Flow) =>
  world.after(atNs, () => world.local("outside", flow, "outbound", datagram(Buffer.from("number 1"), 1)));

/** Has the inside show its first frames twice. */
const firstTwice = (count: number) => (world: World) => {
  let frames = 0;
  world.inside.model.copyAfterNs = () => (frames++ < count ? 1000 : 0);
};

/** Per outside frame that the inside had not shown, as it ran at some of eight times, 1 where that is decided. */
function uncovered(runs: (nth: number) => boolean): number[] {
  const { truth } = played((world) => {
    const flow = flowFrom(world, 0, 5000);
    world.inside.model.runs = (ns) => runs(Math.floor((ns - START_NS) / 1e7));
    for (let nth = 0; nth < 8; nth++)
      world.after(nth * 1e7, () => world.send(flow, "outbound", datagram(Buffer.from(`number ${nth}`), 1 + nth)));
  });
  const { kind, isDecidable } = truth.outside;
  return [...isDecidable].filter((_, frame) => kind[frame] === UNCOVERED);
}

describe("of a packet without a twin, the captures decide what became of it", () => {
  test("where it was dropped, and nothing else may be it", () => {
    expect(isDropDecided(() => undefined)).toBe(true);
  });

  test("not where the other capture missed any", () => {
    expect(
      isDropDecided((world, flow) =>
        world.after(0.5e6, () =>
          world.send(flow, "outbound", datagram(Buffer.from("missed"), 9), { missed: "outside" }),
        ),
      ),
    ).toBe(false);
  });

  test("not where the other capture alone has its like within a window, unless that passed before it", () => {
    expect(isDropDecided(likeAt(1.5e6))).toBe(false);
    expect(isDropDecided(likeAt(0.5e6))).toBe(true);
  });

  test("not where the other end acknowledges it, whoever told it", () => {
    expect(isSegmentDecided(104)).toBe(false);
    expect(isSegmentDecided(100)).toBe(true);
  });

  test("not where its capture shows some frames twice, and not all", () => {
    expect(isDropDecided(firstTwice(1))).toBe(false);
    expect(isDropDecided(firstTwice(3))).toBe(true);
  });

  test("before the other capture began, where two others had crossed then, and not while it paused", () => {
    expect(uncovered((nth) => nth > 2)).toEqual([1, 1, 0]);
    expect(uncovered((nth) => nth < 5)).toEqual([0, 1, 1]);
    expect(uncovered((nth) => nth < 3 || nth > 5)).toEqual([0, 0, 0]);
  });
});
