import * as fc from "fast-check";
import { expect, it } from "vitest";
import { correlate } from "../../src/correlate/correlate.js";
import type { Flow } from "../../src/packets/flows/flows.js";
import { HAS_SENDING_TIME, IS_COPY, IS_MISTIMED, IS_SELECTED } from "../../src/packets/packets.js";
import type { RecordRows } from "../../src/packets/record-rows.js";
import { RECORD_BITS } from "../../src/packets/records.js";
import type { Tables } from "../../src/packets/results/results.js";
import type { Side } from "../../src/packets/sides.js";
import { endsOf } from "../../src/report/ends.js";
import { ipv4, tcp } from "../support/packets.js";
import { runs } from "../support/runs.js";
import { mixed } from "./mixed-traffic.js";
import { Capture, Outcome, type Stamped, us } from "./outcome.js";
import { CONTAINER, conversation, HOST, merged, SERVER } from "./traffic.js";

/** What is found out of a packet once it was decoded. */
const NOT_DECODED = IS_MISTIMED | IS_SELECTED | IS_COPY | HAS_SENDING_TIME;

/** What is shown of a packet, or may be. */
function factsOf(rows: RecordRows, row: number): number[] {
  return [
    rows.stampNs(row),
    rows.flags(row) & ~NOT_DECODED,
    rows.proto(row),
    rows.ttl(row),
    rows.ipId(row),
    rows.length(row),
    rows.payloadLength(row),
    rows.seq(row),
    rows.ack(row),
    rows.tcpFlags(row),
  ];
}

/** By frame, what the decoder says of each packet. */
async function decoded(capture: Capture): Promise<Map<number, number[]>> {
  const facts = new Map<number, number[]>();
  for (let batch = await capture.next(); batch !== null; batch = await capture.next())
    for (let row = 0; row < batch.count; row++) facts.set(batch.frame(row), factsOf(batch, row));
  return facts;
}

/** Reads of each pair's packets what it is shown, and how much room the timeline has. */
class Reading extends Outcome {
  readonly facts: [side: Side, frame: number, facts: number[]][] = [];
  readonly senders: [side: Side, frame: number, src: string][] = [];
  readonly gaps: [gapNs: number, latencyNs: number][] = [];
  places = 0;
  #tables!: Tables;

  override begin(tables: Tables): void {
    super.begin(tables);
    this.#tables = tables;
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    super.pair(inside, outside, flow, isOutbound, latencyNs);
    const { timeline: t } = this.#tables;
    for (const row of [inside, outside]) {
      this.facts.push([t.sideOf(row), t.frame(row), factsOf(t, row)]);
      this.senders.push([t.sideOf(row), t.frame(row), endsOf(this.#tables, row).src]);
    }
    if (t.side(inside) === t.side(outside)) return;
    const gapNs = t.timeNs(outside) - t.timeNs(inside);
    const isOne = [inside, outside].every((row) => this.#tables.framesOf(row) === undefined);
    if (isOne) this.gaps.push([isOutbound ? gapNs : 0 - gapNs, latencyNs]);
    this.places = t.records.length >> RECORD_BITS;
  }
}

async function read(inside: readonly Stamped[], outside: readonly Stamped[]): Promise<Reading> {
  const reading = new Reading();
  const sources = [[new Capture("docker0", inside)], [new Capture("enp0s3", outside)]] as const;
  await correlate(...sources, { windowNs: 1e9, clock: { kind: "none" }, maxPairs: Number.POSITIVE_INFINITY }, reading);
  return reading;
}

it("shows of both packets of a pair what their captures have of them", async () => {
  await fc.assert(
    fc.asyncProperty(mixed, async ({ inside, outside }) => {
      const { facts, senders, gaps } = await read(inside, outside);
      const packetOf = (side: Side, frame: number) => [inside, outside][side][frame - 1].packet;
      const all = [await decoded(new Capture("docker0", inside)), await decoded(new Capture("enp0s3", outside))];
      expect(facts.map((each) => each[2])).toEqual(facts.map(([side, frame]) => all[side].get(frame)));
      const ofIpv4 = senders.filter(([side, frame]) => packetOf(side, frame)[0] >> 4 === 4);
      const sources = ofIpv4.map(([side, frame]) => packetOf(side, frame).subarray(12, 16).join("."));
      expect(ofIpv4.map(([, , src]) => src)).toEqual(sources);
      expect(gaps.map(([gapNs]) => gapNs)).toEqual(gaps.map(([, latencyNs]) => latencyNs));
    }),
    { numRuns: runs(16) },
  );
});

/** A segment without a twin, which all pairs behind it wait for. */
const LOST = us(0, ipv4({ src: CONTAINER, dst: SERVER, id: 9 }, tcp({ srcPort: 39_999, dstPort: 80, seq: 9, ack: 9 })));
/** For how many packets the timeline has records at first. */
const PLACES = 2 ** 14;

it("keeps no records of pairs that wait to be shown", async () => {
  const { inside, outside } = conversation(PLACES, { startUs: 100, everyUs: 50 });
  const { pairs, places } = await read(merged([LOST], inside), outside);
  expect([pairs.length, places]).toEqual([PLACES, PLACES]);
});

it("keeps no records of the pieces of segments whose pairs wait to be shown", async () => {
  const known = conversation(40, { startUs: 100 });
  const [segments, pieces, bytes] = [PLACES / 32, 33, 1000];
  const piece = (isInside: boolean, atUs: number, from: number, length: number): Stamped => {
    const header = isInside ? { src: CONTAINER, dst: SERVER, ttl: 64 } : { src: HOST, dst: SERVER, ttl: 63 };
    const numbers = { seq: 7_000_000 + from * bytes, ack: 9_000_000, payload: new Uint8Array(length * bytes) };
    return us(atUs, ipv4({ ...header, id: 0, df: true }, tcp({ srcPort: 40_000, dstPort: 80, ...numbers })));
  };
  const whole = Array.from({ length: segments }, (_, n) => piece(true, 10_000 + 500 * n, n * pieces, pieces));
  const cut = Array.from({ length: segments * pieces }, (_, n) =>
    piece(false, 10_020 + 500 * Math.floor(n / pieces) + (n % pieces), n, 1),
  );
  const { pairs, places } = await read(merged([LOST], known.inside, whole), merged(known.outside, cut));
  const covered = pairs.filter(({ by }) => by === "coverage");
  expect(covered.map(({ frames }) => frames[1].length)).toEqual(Array<number>(segments).fill(pieces));
  expect(places).toBe(PLACES);
});
