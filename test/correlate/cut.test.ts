import { describe, expect, it } from "vitest";
import { fragmentHeader, ipv4, ipv6, tcp, transport, udp } from "../support/packets.js";
import { outcomeOf, type Stamped, us } from "./outcome.js";
import { CONTAINER, conversation, HOST, inStep, merged, OTHER, segment, SERVER } from "./traffic.js";

const MSS = 1448;
/** The flow of `conversation`, which teaches its translation and what it usually takes. */
const PORTS = { srcPort: 40_000, dstPort: 80 };
const KNOWN_FRAMES = 40;
const known = conversation(KNOWN_FRAMES);

/** A segment of that flow, outbound and without IP ID: `segments` full ones from number `from` on. */
function piece(side: "inside" | "outside", atUs: number, from: number, segments = 1): Stamped {
  const header = side === "inside" ? { src: CONTAINER, dst: SERVER, ttl: 64 } : { src: HOST, dst: SERVER, ttl: 63 };
  const payload = new Uint8Array(segments * MSS);
  const numbers = { seq: 7_000_000 + from * MSS, ack: 9_000_000 };
  return us(atUs, ipv4({ ...header, id: 0, df: true }, tcp({ ...PORTS, ...numbers, payload })));
}

const pieces = (side: "inside" | "outside", atUs: number, from: number, count: number) =>
  Array.from({ length: count }, (_, k) => piece(side, atUs + k, from + k));

/** Frame numbers counted from behind the known conversation. */
const behind = (frames: readonly number[]) => frames.map((frame) => frame - KNOWN_FRAMES);

/** What coverage pairs, besides the known conversation. */
async function coverage(inside: readonly Stamped[], outside: readonly Stamped[], options = {}) {
  const outcome = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside), options);
  return {
    outcome,
    pairs: outcome.pairs
      .filter(({ by }) => by === "coverage")
      .map(({ frames }) => [behind(frames[0]), behind(frames[1])]),
  };
}

const slow = (src: string, ttl: number) =>
  segment({ src, dst: SERVER, ipId: 7, ttl, srcPort: 41_000, dstPort: 80, seq: 77, ack: 88 });

describe("TCP segments without IP ID, cut differently", () => {
  it("a lost segment does not take the pieces of one that is sent again, whatever both are cut into", async () => {
    for (const [lost, again] of [
      [3, 3],
      [5, 3],
      [2, 4],
    ]) {
      const { pairs, outcome } = await coverage(
        [piece("inside", 10_000, 0, lost), piece("inside", 40_000, 0, again)],
        pieces("outside", 40_020, 0, again),
      );
      expect(pairs).toEqual([[[2], Array.from({ length: again }, (_, k) => k + 1)]]);
      expect(outcome.alone).toEqual([expect.objectContaining({ side: "inside", frame: KNOWN_FRAMES + 1 })]);
    }
  });

  it("a lost segment is not taken for a piece of what is sent again soon after", async () => {
    const { pairs, outcome } = await coverage(
      [piece("inside", 10_000, 0), piece("inside", 14_000, 0, 2)],
      pieces("outside", 14_020, 0, 2),
    );
    expect(pairs).toEqual([[[2], [1, 2]]]);
    expect(outcome.alone).toEqual([expect.objectContaining({ side: "inside", frame: KNOWN_FRAMES + 1 })]);
  });

  it("a lost segment is not taken for a piece of what is sent again soon after, where some packets take long", async () => {
    const before = conversation(100, { startUs: 100, everyUs: 50, srcPort: 41_000, seed: 3 });
    const inside = [us(5500, slow(CONTAINER, 64)), piece("inside", 10_000, 0), piece("inside", 14_000, 0, 2)];
    const outside = [us(8500, slow(HOST, 63)), ...pieces("outside", 14_020, 0, 2)];
    const { pairs, outcome } = await coverage(merged(before.inside, inside), merged(before.outside, outside));
    // which of both the first piece is, nothing tells
    expect(pairs).toEqual([]);
    expect(outcome.pairs.filter(({ latencyNs }) => latencyNs > 3_500_000)).toEqual([]);
  });

  it("lost pieces are not taken for those that were merged", async () => {
    const { pairs } = await coverage(
      [...pieces("inside", 10_000, 0, 3), ...pieces("inside", 40_000, 0, 3)],
      [piece("outside", 40_022, 0, 3)],
    );
    expect(pairs).toEqual([[[4, 5, 6], [1]]]);
  });

  it("pieces sent again one by one do not make up the segment that was lost before", async () => {
    const single = (side: "inside" | "outside", lateUs: number) =>
      [0, 1, 2].map((k) => piece(side, 40_000 + 300 * k + lateUs, k));
    const { pairs, outcome } = await coverage(
      [piece("inside", 10_000, 0, 3), ...single("inside", 0)],
      single("outside", 20),
    );
    expect(pairs).toEqual([]);
    expect(outcome.pairs).toHaveLength(KNOWN_FRAMES + 3);
  });

  it("two that are as likely get none", async () => {
    const { pairs } = await coverage(
      [piece("inside", 10_000, 0, 3), piece("inside", 10_005, 0, 3)],
      pieces("outside", 10_030, 0, 3),
    );
    expect(pairs).toEqual([]);
  });

  it("are paired as well where the clocks are not the same", async () => {
    const offsetNs = 3_000_000_000n;
    const inside = [piece("inside", 10_000, 0, 3), ...pieces("inside", 20_000, 3, 2)];
    const outside = [...pieces("outside", 10_020, 0, 3), piece("outside", 20_030, 3, 2)];
    const outsideEpochNs = 1_700_000_000_000_000_000n + offsetNs;
    for (const clock of [{ kind: "auto" }, { kind: "given", offsetNs }] as const) {
      const { pairs } = await coverage(inside, outside, { outsideEpochNs, clock });
      expect(pairs).toEqual([
        [[1], [1, 2, 3]],
        [[2, 3], [4]],
      ]);
    }
  });
});

const header = (side: "inside" | "outside") =>
  side === "inside" ? { src: CONTAINER, dst: SERVER, ttl: 64 } : { src: HOST, dst: SERVER, ttl: 63 };

const numbered = (side: "inside" | "outside", atUs: number, from: number, count: number): Stamped => {
  const body = { seq: 7_000_000 + from * MSS, ack: 9_000_000, payload: new Uint8Array(count * MSS) };
  return us(atUs, ipv4({ ...header(side), id: 327 + from, df: true }, tcp({ ...PORTS, ...body })));
};

it("pieces that came before the first ones are those of what was sent before", async () => {
  // of the first transmission, the outside saw the last piece; of the second, which has the same IP ID, all others
  const { pairs } = await coverage(
    [numbered("inside", 10_000, 0, 3), numbered("inside", 11_000, 0, 3)],
    [numbered("outside", 10_020, 2, 1), numbered("outside", 57_000, 0, 1), numbered("outside", 57_001, 1, 1)],
  );
  expect(pairs).toEqual([]);
});

/** A UDP datagram of 2,000 bytes over IPv6, whole. */
function whole(src: string, dst: string, ttl: number): Uint8Array {
  return ipv6({ src, dst, hopLimit: ttl }, udp({ srcPort: 5000, dstPort: 5000, payload: new Uint8Array(2000) }));
}

/** The same in two fragments. */
function fragmented(src: string, dst: string, ttl: number, id: number): Uint8Array[] {
  const bytes = whole(src, dst, ttl).subarray(40);
  return [0, 1448].map((offset) =>
    ipv6(
      { src, dst, hopLimit: ttl, extensions: [fragmentHeader({ offset, more: offset === 0, id })] },
      transport(17, bytes.subarray(offset, offset === 0 ? 1448 : undefined)),
    ),
  );
}

const SERVERS = ["2001:db8::11", "2001:db8::12"];
const CONTAINERS = ["fd00:17::2", "fd00:17::3"];

const send = (atUs: number) => us(atUs, whole(CONTAINERS[0], SERVERS[0], 64));
const arrive = (atUs: number) =>
  fragmented("fd00:2::15", SERVERS[0], 63, atUs).map((packet, k) => us(atUs + 20 + k, packet));

describe("IPv6 datagrams of one size", () => {
  it("of several flows do not hold each other up", async () => {
    const inside: Stamped[] = [];
    const outside: Stamped[] = [];
    const expected: [number, number[]][] = [];
    for (let n = 0; n < 20; n++) {
      const atUs = 10_000 + 700 * n;
      inside.push(us(atUs, whole(CONTAINERS[n % 2], SERVERS[n % 2], 64)));
      const cut = fragmented("fd00:2::15", SERVERS[n % 2], 63, 77 + n);
      outside.push(us(atUs + 20, cut[0]), us(atUs + 21, cut[1]));
      expected.push([KNOWN_FRAMES + n + 1, [KNOWN_FRAMES + 2 * n + 1, KNOWN_FRAMES + 2 * n + 2]]);
    }
    const outcome = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
    const found = outcome.pairs.filter(({ by }) => by === "fragments").map(({ frames }) => [frames[0][0], frames[1]]);
    expect(found).toEqual(expected);
  });

  it("one that was lost does not take the fragments of the next", async () => {
    const steady = Array.from({ length: 20 }, (_, n) => 10_000 + 700 * n);
    const inside = [...steady.map(send), send(30_000), send(31_500)];
    const outside = [...steady.flatMap(arrive), ...arrive(31_500)];
    const outcome = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
    expect(outcome.pairs.find(({ inside: frame }) => frame === KNOWN_FRAMES + 22)?.by).toBe("fragments");
    expect(outcome.verdicts("inside")).toEqual([[KNOWN_FRAMES + 21, "dropped"]]);
  });
});

const acknowledgement = (side: "inside" | "outside", atUs: number) => piece(side, atUs, 0, 0);

describe("identical packets of one flow", () => {
  it("that were held up together keep their order", async () => {
    const outcome = await outcomeOf(
      merged(known.inside, [acknowledgement("inside", 10_000), acknowledgement("inside", 10_600)]),
      merged(known.outside, [acknowledgement("outside", 10_610), acknowledgement("outside", 10_611)]),
    );
    expect(outcome.twins.slice(-2)).toEqual([
      [KNOWN_FRAMES + 1, KNOWN_FRAMES + 1],
      [KNOWN_FRAMES + 2, KNOWN_FRAMES + 2],
    ]);
  });

  it("are ambiguous where one was lost and the other held up", async () => {
    const outcome = await outcomeOf(
      merged(known.inside, [acknowledgement("inside", 10_000), acknowledgement("inside", 10_200)]),
      merged(known.outside, [acknowledgement("outside", 12_000)]),
    );
    expect(outcome.undecided).toEqual([
      expect.objectContaining({ inside: [KNOWN_FRAMES + 1, KNOWN_FRAMES + 2], outside: [KNOWN_FRAMES + 1] }),
    ]);
  });
});

it("other containers' segments are left alone", async () => {
  const stranger = us(
    10_000,
    ipv4({ src: OTHER, dst: SERVER, id: 0 }, tcp({ ...PORTS, seq: 7_000_000, payload: new Uint8Array(3 * MSS) })),
  );
  const { pairs } = await coverage([stranger], pieces("outside", 10_020, 0, 3));
  expect(pairs).toEqual([]);
});

it("behind a router that takes its time, packets without IP ID tell what that is, though some segments are long", async () => {
  const [client, hidden, server] = ["fd00::2", "2001:db8::15", "2001:db8::80"];
  const [request, answer] = [new Uint8Array(35), new Uint8Array(3 * MSS)];
  const [inside, outside]: [Stamped[], Stamped[]] = [[], []];
  for (let n = 0; n < 40; n++) {
    const [srcPort, seq, ack] = [40_000 + n, 1000 * n, 777_000 + 5000 * n];
    const cross = (atUs: number, isUp: boolean, of: Parameters<typeof tcp>[0]): void => {
      const ports = isUp ? { srcPort, dstPort: 80 } : { srcPort: 80, dstPort: srcPort };
      const packet = (own: string, hopLimit: number) =>
        ipv6({ src: isUp ? own : server, dst: isUp ? server : own, hopLimit }, tcp({ ...ports, ...of }));
      const [insideUs, outsideUs] = isUp ? [atUs, atUs + 500] : [atUs + 520, atUs];
      inside.push(us(insideUs, packet(client, isUp ? 64 : 63)));
      outside.push(us(outsideUs, packet(hidden, isUp ? 63 : 64)));
    };
    const beganUs = 5000 * n;
    cross(beganUs, true, { seq, ack: 0, flags: 2 });
    cross(beganUs + 1000, false, { seq: ack - 1, ack: seq + 1, flags: 0x12 });
    cross(beganUs + 1600, true, { seq: seq + 1, ack });
    cross(beganUs + 1601, true, { seq: seq + 1, ack, flags: 0x18, payload: request });
    cross(beganUs + 3000, false, { seq: ack, ack: seq + 36, flags: 0x18, payload: answer });
    cross(beganUs + 3800, true, { seq: seq + 36, ack: ack + answer.length });
  }
  const outcome = await outcomeOf(merged(inside), merged(outside));
  expect(outcome.undecided).toEqual([]);
  expect(outcome.twins).toEqual(inStep(6 * 40));
});
