import * as fc from "fast-check";
import { CaptureFile } from "../../src/capture/source.js";
import { Pcap } from "../../src/capture/pcap.js";
import { isPcapng, Pcapng } from "../../src/capture/pcapng.js";
import { ByteWindow, WINDOW_BYTES } from "../../src/capture/window.js";
import type { FrameSource } from "../../src/packets/batches/frames.js";
import type { Heap } from "../../src/packets/memory/heap.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { Blocks, pcap } from "../capture/files.js";
import { simulate, spec } from "../correlate/nat-simulation.js";
import type { Stamped } from "../correlate/outcome.js";
import { busyTraffic, clocksSet } from "../correlate/stamps.js";
import { CONTAINER, conversation, datagram, HOST, SERVER, type Sides } from "../correlate/traffic.js";
import { ethernet } from "../support/packets.js";

const EPOCH_NS = 1_700_000_000_000_000_000n;
const NS_MAGIC = 0xa1b23c4d;
/** Option codes, draft-ietf-opsawg-pcapng. */
const EPB_DROPCOUNT = 4;
const ISB_IFDROP = 5;
const ISB_OSDROP = 7;
const INTERFACES_A_SIDE = 2;

/** What a capture says of the frames it lost, at some place in it: `at` is a share of its frames. */
const statement = fc.record({
  at: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(1)),
  kind: fc.constantFrom("statistics", "statistics", "before frame"),
  lost: fc.nat(3),
  iface: fc.nat(INTERFACES_A_SIDE - 1),
});

/** What is special about the capture of a side. */
const manner = fc.record({
  statements: fc.array(statement, { maxLength: 5 }),
  /** Frames that are no IP packets, by when they come, as shares of the whole time. */
  arps: fc.array(fc.double({ min: 0, max: 1.2, noNaN: true }), { maxLength: 6 }),
  /** The same of IP packets that are too short to be any. */
  runts: fc.array(fc.double({ min: 0, max: 1.2, noNaN: true }), { maxLength: 3 }),
  snaplen: fc.constantFrom(0, 0, 0, 54, 60, 96),
  interfaces: fc.integer({ min: 1, max: INTERFACES_A_SIDE }),
});

type Manner = typeof manner extends fc.Arbitrary<infer T> ? T : never;

/** Two captures, as the bytes of two files, or of one with both sides. */
export type Captured = readonly Uint8Array[];

export const FORMS = ["pcap", "pcapng", "split"] as const;
type Form = (typeof FORMS)[number];

const traffic: fc.Arbitrary<Sides> = fc.oneof(spec.map(simulate), busyTraffic, clocksSet);

/** Captures with which anything may be wrong, in any form. */
export const captured: fc.Arbitrary<Captured> = fc
  .record({ traffic, manners: fc.tuple(manner, manner), form: fc.constantFrom(...FORMS) })
  .map(({ traffic, manners, form }) => capturesOf(traffic, manners, form));

/** All but one in so many, and none of the last ones: nothing waits for its twin then, and holds up what comes behind it. */
function without(frames: readonly Stamped[], every: number): Stamped[] {
  return frames.filter((_, n) => n % every !== every - 1 || n > 4000);
}

function lossAt(share: number, kind: "statistics" | "before frame"): Manner["statements"][number] {
  return { at: share, kind, lost: 2, iface: 0 };
}

function mannerOf(shares: readonly number[]): Manner {
  return {
    statements: [
      ...shares.map((share) => lossAt(share, "statistics")),
      lossAt(0.05, "before frame"),
      lossAt(1, "statistics"),
    ],
    arps: [0.1, 0.5, 1.1],
    runts: [0.02, 0.6],
    snaplen: 0,
    interfaces: 2,
  };
}

/** Much traffic of which each capture lost some, and says so now and then. */
export function manyFrames(form: Form): Captured {
  const { inside, outside } = conversation(9000, { everyUs: 700 });
  const sides = { inside: without(inside, 500), outside: without(outside, 700) };
  return capturesOf(sides, [mannerOf([0.1, 0.8]), mannerOf([0.1, 0.9])], form);
}

/** Datagrams of which one in so many is in the outside capture, which says at its end that it lost some. */
export function mostLost(count: number, every: number): Captured {
  const sent = Array.from({ length: count }, (_, n) => {
    const of = { dst: SERVER, srcPort: 5000, dstPort: 53, ipId: 1 + (n % 60_000), text: `datagram ${n}` };
    return [
      { ns: 1_500_000 * n, packet: datagram({ ...of, src: CONTAINER, ttl: 64 }) },
      { ns: 1_500_000 * n + 20_000, packet: datagram({ ...of, src: HOST, ttl: 63 }) },
    ] as const;
  });
  const manner: Manner = { statements: [], arps: [], runts: [], snaplen: 0, interfaces: 1 };
  const statements = [{ at: 1, kind: "statistics", lost: 9, iface: 0 } as const];
  const inside = sent.map(([frame]) => frame);
  const outside = sent.filter((_, n) => n % every === 0).map(([, frame]) => frame);
  return capturesOf({ inside, outside }, [manner, { ...manner, statements }], "pcapng");
}

function capturesOf({ inside, outside }: Sides, manners: readonly [Manner, Manner], form: Form): Captured {
  const sides = [framesOf(inside, manners[INSIDE]), framesOf(outside, manners[OUTSIDE])] as const;
  if (form === "pcap") return sides.map((frames) => pcapOf(frames));
  if (form === "pcapng") return sides.map((frames, side) => pcapngOf([[frames, manners[side]]]));
  return [pcapngOf(sides.map((frames, side) => [frames, manners[side]]))];
}

interface Frame {
  readonly ns: number;
  readonly bytes: Uint8Array;
  readonly original: number;
}

const ARP = ethernet(new Uint8Array(28), { type: 0x0806 });
const RUNT = ethernet(new Uint8Array(9), { type: 0x0800 });

function framesOf(packets: readonly Stamped[], { arps, runts, snaplen }: Manner): Frame[] {
  const lastNs = packets.reduce((last, { ns }) => Math.max(last, ns), 0);
  const frames = packets.map(({ ns, packet }) => ({ ns, frame: ethernet(packet) }));
  for (const [share, frame] of [...arps.map((at) => [at, ARP] as const), ...runts.map((at) => [at, RUNT] as const)]) {
    const ns = Math.floor(share * lastNs);
    const at = frames.findIndex((frame) => frame.ns > ns);
    frames.splice(at < 0 ? frames.length : at, 0, { ns, frame });
  }
  return frames.map(({ ns, frame }) => {
    const bytes = snaplen === 0 ? frame : frame.subarray(0, snaplen);
    return { ns, bytes, original: frame.length };
  });
}

function pcapOf(frames: readonly Frame[]): Buffer {
  const written = frames.map(({ ns, bytes, original }) => {
    const epochNs = EPOCH_NS + BigInt(ns);
    return {
      seconds: Number(epochNs / 1_000_000_000n),
      ticks: Number(epochNs % 1_000_000_000n),
      data: bytes,
      original,
    };
  });
  return pcap(written, { magic: NS_MAGIC });
}

/** One file of one or two sides, each with interfaces of its own. */
function pcapngOf(sides: readonly (readonly [readonly Frame[], Manner])[]): Buffer {
  const b = new Blocks();
  const blocks = [b.section()];
  const entries: { readonly ns: number; readonly block: () => Buffer }[][] = [];
  for (const [side, [frames, { interfaces, statements }]] of sides.entries()) {
    const first = side * INTERFACES_A_SIDE;
    for (let iface = 0; iface < INTERFACES_A_SIDE; iface++)
      blocks.push(b.describe({ tsresol: 9, name: `${"ab"[side]}${iface}` }));
    const lost = Array.from({ length: INTERFACES_A_SIDE }, () => 0);
    const told: { readonly ns: number; readonly block: () => Buffer }[] = [];
    for (let at = 0; at <= frames.length; at++) {
      const here = statements.filter((each) => Math.floor(each.at * frames.length) === at);
      for (const each of here.filter(({ kind }) => kind === "statistics"))
        told.push({
          ns: frames[Math.max(0, at - 1)]?.ns ?? 0,
          block: () => {
            lost[each.iface] += each.lost;
            const options = [
              b.option(ISB_IFDROP, b.uint64(0n)),
              b.option(ISB_OSDROP, b.uint64(BigInt(lost[each.iface]))),
            ];
            return b.statistics(first + each.iface, Buffer.concat([...options, b.option(0, new Uint8Array(0))]));
          },
        });
      if (at === frames.length) break;
      const { ns, bytes, original } = frames[at];
      const dropped = here.filter(({ kind }) => kind !== "statistics").reduce((sum, each) => sum + each.lost, 0);
      const iface = first + (at % interfaces);
      told.push({
        ns,
        block: () => {
          const options =
            dropped === 0
              ? new Uint8Array(0)
              : Buffer.concat([b.option(EPB_DROPCOUNT, b.uint64(BigInt(dropped))), b.option(0, new Uint8Array(0))]);
          return b.enhanced(iface, EPOCH_NS + BigInt(ns), bytes, original, options);
        },
      });
    }
    entries.push(told);
  }
  const [one = [], other = []] = entries;
  let [i, o] = [0, 0];
  while (i < one.length || o < other.length) {
    const isOne = o === other.length || (i < one.length && one[i].ns <= other[o].ns);
    blocks.push((isOne ? one[i++] : other[o++]).block());
  }
  return Buffer.concat(blocks);
}

/** Selects the sides of one file. */
export const SIDES = { inside: "a0,a1", outside: "b0,b1" } as const;

/** How many bytes each read of a stream gives, in turn. */
export type Pieces = readonly number[];

export const pieces: fc.Arbitrary<Pieces> = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 6 }),
  fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 }),
  fc.constant([1]),
  fc.constant([1e9]),
);

/** Opens a capture that is read in such pieces; on disk if none are given. */
export async function opened(
  label: string,
  bytes: Uint8Array,
  heap: Heap,
  warn: (text: string) => void,
  pieces?: Pieces,
): Promise<FrameSource> {
  let at = 0;
  let reads = 0;
  const stream = {
    read(target: Uint8Array, from: number) {
      const most = pieces === undefined ? bytes.length : pieces[reads++ % pieces.length];
      const given = bytes.subarray(at, at + Math.min(most, target.length - from));
      target.set(given, from);
      at += given.length;
      // what is on disk is there at once, and who writes into a pipe is waited for
      return pieces === undefined ? given.length : Promise.resolve(given.length);
    },
    close: () => Promise.resolve(),
  };
  const window = new ByteWindow(stream, heap.take(Uint8Array, WINDOW_BYTES));
  await window.need(24);
  const isNg = isPcapng(window.view, window.start);
  const format = isNg ? new Pcapng((text) => warn(`${label}: ${text}`)) : new Pcap(window, label, heap);
  const source = new CaptureFile({
    label,
    stream,
    isOnDisk: pieces === undefined,
    window,
    format,
    heap,
    onDamage: warn,
  });
  await source.begin();
  return source;
}
