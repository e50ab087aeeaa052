import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Clock } from "../../../src/correlate/clock/clock.js";
import { Buckets } from "../../../src/correlate/kernel/buckets.js";
import { Idle } from "../../../src/correlate/kernel/idle.js";
import { Flow } from "../../../src/packets/flows/flows.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { Kernel } from "../../../src/correlate/kernel/kernel.js";
import { RECORD_BITS } from "../../../src/packets/records.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { AMBIGUOUS, DONE, FOLDED, GONE, MEMBER, PAIRED, SHOWN, WAITING } from "../../../src/packets/fates.js";
import { Timeline } from "../../../src/packets/timeline.js";
import { TCP } from "../../../src/protocols/ip-protocols.js";
import { FilledAccounts } from "../../support/accounts.js";
import { runs } from "../../support/runs.js";
import { bindWay, FilledTable, finishWay } from "../../support/tuples.js";

const NOW_NS = 100e9;
/** Of conversations that are over, 2 s are long; of others, 10 s. When the last packet came is a float, which is rounded. */
const SILENT_S = [0, 1.9, 2.1, 4.9, 5.1, 9.9, 10.1, Number.POSITIVE_INFINITY];

/** So many conversations, and how long a silence of those is that nobody has answered, s. */
const CROWDS = [
  { size: 10, unansweredS: 10 },
  { size: 524_288, unansweredS: 5 },
  { size: 4_000_000, unansweredS: 2 },
];

/** Says that it has as many conversations as it is told. */
class CrowdedTable extends FilledTable {
  readonly #size: number;

  constructor(heap: Heap, size: number) {
    super(heap);
    this.#size = size;
  }

  override get size(): number {
    return this.#size;
  }
}

/** Conversations, those of a flow one after the other, and what is on the timeline of them. */
const worlds = fc.record({
  conversations: fc.array(
    fc.record({
      silentS: fc.constantFrom(...SILENT_S),
      ended: fc.constantFrom<("one" | "both" | "reset" | "no")[]>("one", "both", "reset", "no"),
      isAnswered: fc.boolean(),
      isReleased: fc.constantFrom(false, false, false, true),
    }),
    { maxLength: 30, size: "max" },
  ),
  flows: fc.array(fc.record({ isThere: fc.boolean(), fate: fc.constantFrom("alive", "retired", "closed") }), {
    maxLength: 15,
    size: "max",
  }),
  rows: fc.array(
    fc.record({
      tuple: fc.nat(),
      state: fc.constantFrom(WAITING, AMBIGUOUS, PAIRED, MEMBER, FOLDED, DONE, SHOWN, GONE),
      isInside: fc.boolean(),
    }),
    { maxLength: 20, size: "max" },
  ),
  dropped: fc.nat(10_000),
  crowd: fc.constantFrom(...CROWDS),
});

it("is what has been silent for long, and has no packet on the timeline", () => {
  fc.assert(
    fc.property(worlds, ({ conversations, flows, rows, dropped, crowd }) => {
      const heap = new Heap();
      const timeline = new Timeline(heap, 1024);
      const tuples = new CrowdedTable(heap, crowd.size);
      const accounts = new FilledAccounts(heap, 16);
      const buckets = new Buckets(heap, timeline);
      const clock = Clock.fixed(0n, "none", 0, null);
      const times = { windowNs: 1e9, resolutionNs: 1, shiftNs: 0 };
      const kernel = new Kernel({ heap, timeline, tuples, buckets, accounts, clock, ...times, isShowing: true });
      // the timeline is a ring: what is on it may begin anywhere
      const record = new Int32Array(1 << RECORD_BITS);
      for (let row = 0; row < dropped; row++) {
        timeline.append(INSIDE, record, 0, 0, 0);
        timeline.drop();
      }
      const words = [1, 0, 0, 0];
      const idle = conversations.map(({ silentS, ended, isAnswered }, n) => {
        const to = { words, port: n };
        const way = tuples.intern({ side: INSIDE, hash: 1, proto: TCP, isIpv6: false, from: { words, port: 999 }, to });
        tuples.saw(way, NOW_NS - 1e9 * silentS);
        if (isAnswered) tuples.saw(way ^ 1, NOW_NS - 1e9 * silentS);
        if (ended !== "no") finishWay(tuples, way, ended === "reset");
        if (ended === "both") finishWay(tuples, way ^ 1, false);
        if (ended === "both" || ended === "reset") return silentS > 2;
        return silentS > (isAnswered ? 10 : crowd.unansweredS);
      });
      const hasFlow = new Set<number>();
      const isFlow = (slot: number): boolean => flows[slot].isThere && 2 * slot + 1 < conversations.length;
      for (const slot of flows.keys()) {
        if (!isFlow(slot)) continue;
        const [inside, outside] = [2 * slot, 2 * slot + 1];
        const bits = accounts.open(new Flow(slot + 1, slot, inside, outside, false, true, 0, 0));
        const { fate } = flows[slot];
        if (fate === "retired") accounts.retire(slot);
        if (fate === "closed") accounts.close(slot);
        if (fate !== "alive") continue;
        // one direction is enough to have a flow
        for (const way of [2 * inside, 2 * outside + 1]) bindWay(tuples, way, slot, bits);
        for (const tuple of [inside, outside]) hasFlow.add(tuple);
      }
      const isReleased = (tuple: number): boolean => conversations[tuple].isReleased && !hasFlow.has(tuple);
      tuples.giveBack([...conversations.keys()].filter(isReleased));
      const held = new Set<number>();
      const folded: [row: number, twin: number][] = [];
      if (conversations.length > 0)
        for (const { tuple: pick, state, isInside } of rows) {
          const tuple = pick % conversations.length;
          if (isReleased(tuple)) continue;
          if (state === FOLDED) {
            const slot = tuple >> 1;
            if (slot >= flows.length || !isFlow(slot) || flows[slot].fate === "closed") continue;
            if (isReleased(2 * slot) || isReleased(2 * slot + 1)) continue;
            const inside = timeline.append(INSIDE, record, 0, 0, 4 * slot + 1);
            const outside = timeline.append(OUTSIDE, record, 0, 0, 4 * slot + 3);
            timeline.pair(inside, outside, slot, 0, 0, true);
            kernel.putAway(inside, outside);
            folded.push([inside, outside], [outside, inside]);
            idle[2 * slot] = false;
            idle[2 * slot + 1] = false;
            held.add(slot);
            continue;
          }
          const row = timeline.append(isInside ? INSIDE : OUTSIDE, record, 0, 0, 2 * tuple);
          const twin = timeline.append(isInside ? OUTSIDE : INSIDE, record, 0, 0, 2 * tuple);
          const [inside, outside] = isInside ? [row, twin] : [twin, row];
          timeline.pair(inside, outside, tuple >> 1, 0, 0, true);
          timeline.setState(row, state);
          timeline.setState(twin, GONE);
          if (state === GONE) continue;
          idle[tuple] = false;
          if ((state === PAIRED || state === SHOWN) && isInside) held.add(tuple >> 1);
        }

      const told = folded.map(([row]) => [timeline.state(row), timeline.lastTwin(row), timeline.wentOutbound(row)]);
      expect(told).toEqual(folded.map(([, twin]) => [FOLDED, twin, true]));

      const found = new Idle({ heap, timeline, tuples, accounts }, NOW_NS);
      const alive = [...conversations.keys()].filter((tuple) => !isReleased(tuple));
      expect(alive.map((tuple) => found.hasTuple(tuple))).toEqual(alive.map((tuple) => idle[tuple]));
      const slots = [...flows.keys()].filter(isFlow);
      const isIdle = (slot: number): boolean => flows[slot].fate === "alive" && idle[2 * slot] && idle[2 * slot + 1];
      let listed: number[] = [];
      found.lendFlows([77, 99], (slots) => (listed = [...slots]));
      expect(listed).toEqual([77, 99, ...slots.filter(isIdle)]);
      expect(slots.map((slot) => found.isHeld(slot))).toEqual(slots.map((slot) => held.has(slot)));
      const isLetGo = [...found.tuples()].map((mark) => mark === 1);
      const isUnused = [...conversations.keys()].map(
        (tuple) => alive.includes(tuple) && idle[tuple] && !hasFlow.has(tuple),
      );
      expect(isLetGo).toEqual(isUnused);
      found.free();
    }),
    { numRuns: runs(60) },
  );
});
