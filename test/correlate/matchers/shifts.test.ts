import * as fc from "fast-check";
import { expect, it } from "vitest";
import { runs } from "../../support/runs.js";
import { outcomeOf, type Stamped, us } from "../outcome.js";
import { CONTAINER, conversation, HOST, inStep, merged, segment, SERVER, SYN, SYN_ACK } from "../traffic.js";
import { locals } from "../unforwarded.js";

const ACK = 0x10;
const PSH_ACK = 0x18;

/** What one end sends; `outside` is the text as the helper writes it, where it does. */
interface Sent {
  readonly isUp: boolean;
  readonly text: string;
  readonly outside?: string;
  readonly isLost?: boolean;
  /** Sends what the last one sent again. */
  readonly isAgain?: boolean;
}

/** Linux: struct nf_ct_seqadj, and what nf_ct_seqadj_set and nf_ct_seq_adjust do with it. */
class Adjustment {
  position = 0;
  before = 0;
  after = 0;

  set(seq: number, grown: number): void {
    if (this.before !== this.after && this.position >= seq) return;
    this.position = seq;
    this.before = this.after;
    this.after += grown;
  }

  seq(seq: number): number {
    return seq + (seq > this.position ? this.after : this.before);
  }

  ack(ack: number): number {
    return ack - (ack - this.before > this.position ? this.after : this.before);
  }
}

/** A control connection through a masquerade with a helper, that changes what the container says. */
function control(all: readonly Sent[], everyUs = 100) {
  const adjustment = new Adjustment();
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  const twins: [number, number][] = [];
  let [seq, peerSeq] = [1000, 5_000_000];
  /** What the server has got, in its own reckoning, and what it sent last. */
  let got = 1000;
  let ids = [100, 9000];
  let last: { seq: number; ack: number; sent: Sent } | undefined;
  const add = (n: number, sent: Sent, seq: number, ack: number, flags: number) => {
    const [id] = sent.isUp ? [ids[0]++] : [ids[1]++];
    const at = n * everyUs;
    const common = { ipId: id, flags };
    const far = { ...common, text: sent.outside ?? sent.text };
    if (sent.isUp) {
      const ports = { dst: SERVER, srcPort: 40_000, dstPort: 21 };
      inside.push(us(at, segment({ src: CONTAINER, ttl: 64, seq, ack, ...ports, ...common, text: sent.text })));
      if (sent.isLost) return;
      if (sent.outside !== undefined) adjustment.set(seq, sent.outside.length - sent.text.length);
      const shifted = adjustment.seq(seq);
      outside.push(us(at + 20, segment({ src: HOST, ttl: 63, seq: shifted, ack, ...ports, ...far })));
      got = Math.max(got, shifted + (sent.outside ?? sent.text).length + ((flags & SYN) !== 0 ? 1 : 0));
    } else {
      const ports = { src: SERVER, srcPort: 21, dstPort: 40_000 };
      outside.push(us(at, segment({ dst: HOST, ttl: 53, seq, ack, ...ports, ...far })));
      if (sent.isLost) return;
      inside.push(
        us(
          at + 20,
          segment({ dst: CONTAINER, ttl: 52, seq, ack: adjustment.ack(ack), ...ports, ...common, text: sent.text }),
        ),
      );
    }
    twins.push([inside.length, outside.length]);
  };
  add(0, { isUp: true, text: "" }, seq++, 0, SYN);
  add(1, { isUp: false, text: "" }, peerSeq++, got, SYN_ACK);
  add(2, { isUp: true, text: "" }, seq, peerSeq, ACK);
  for (const [k, sent] of all.entries()) {
    if (sent.isAgain && last) {
      add(k + 3, { ...last.sent, isLost: false }, last.seq, last.ack, PSH_ACK);
      continue;
    }
    const flags = sent.text === "" ? ACK : PSH_ACK;
    add(k + 3, sent, sent.isUp ? seq : peerSeq, sent.isUp ? peerSeq : got, flags);
    if (sent.isUp) last = { seq, ack: peerSeq, sent };
    if (sent.isUp) seq += sent.text.length;
    else peerSeq += sent.text.length;
  }
  return { inside, outside, twins };
}

const PORT = "PORT 172,17,0,2,156,64\r\n";
const port = { isUp: true, text: PORT, outside: "PORT 10,0,2,15,156,64\r\n" };
const okay = { isUp: false, text: "200 okay\r\n" };
const noop = { isUp: true, text: "NOOP\r\n" };

it("what a helper wrote into has a twin, and so has all behind it", async () => {
  const { inside, outside, twins } = control([noop, okay, port, okay, noop, okay, port, okay, noop, okay]);
  const outcome = await outcomeOf(inside, outside);
  expect(outcome.twins).toEqual(twins);
  expect(outcome.pairs.filter(({ by }) => by === "flow").map(({ evidence }) => evidence.join(" "))).toEqual([
    "ip-id tcp-seq tcp-ack flow",
    ...Array(3).fill("ip-id length tcp-seq tcp-ack flow"),
    "ip-id tcp-seq tcp-ack flow",
    ...Array(3).fill("ip-id length tcp-seq tcp-ack flow"),
  ]);
  expect(outcome.flows).toHaveLength(1);
});

it("a reset without IP ID, which only its shifted number tells, is not said to be dropped", async () => {
  const { inside, outside } = control([noop, okay, port, okay, noop, okay]);
  const seq = 1001 + noop.text.length + PORT.length + noop.text.length;
  const reset = { dst: SERVER, srcPort: 40_000, dstPort: 21, ack: 0, ipId: 0, flags: 0x04 };
  const grown = port.outside.length - PORT.length;
  const left = (by: number) => us(2020, segment({ ...reset, src: HOST, ttl: 63, seq: seq + by }));
  const entered = us(2000, segment({ ...reset, src: CONTAINER, ttl: 64, seq }));
  const known = conversation(100, { everyUs: 30_000, srcPort: 50_000, seed: 9 });
  const all = merged(known.inside, inside, [entered]);
  const { alone } = await outcomeOf(all, merged(known.outside, outside, [left(grown)]));
  expect(alone.map(({ side, verdict, reason }) => [side, verdict, reason])).toContainEqual([
    "inside",
    "unknown",
    "may-be-changed",
  ]);
  const others = await outcomeOf(all, merged(known.outside, outside, [left(grown - 1)]));
  expect(others.alone.map(({ side, verdict }) => [side, verdict])).toContainEqual(["inside", "dropped"]);
});

it("sent again: before the change, the changed segment itself, and behind it", async () => {
  const again = { ...noop, isAgain: true };
  const lostPort = { ...port, isLost: true };
  const { inside, outside, twins } = control([
    noop,
    again,
    okay,
    lostPort,
    again,
    again,
    okay,
    noop,
    again,
    okay,
    noop,
  ]);
  // beyond what it may have taken
  const more = conversation(4, { startUs: 30_000 });
  const outcome = await outcomeOf([...inside, ...more.inside], [...outside, ...more.outside]);
  expect(outcome.twins.slice(0, twins.length)).toEqual(twins);
  expect(outcome.verdicts("inside")).toEqual([[7, "dropped"]]);
});

it("a change is confirmed by packets paired since, where the numbers are again as they were before all changes", async () => {
  const longer = { isUp: true, text: PORT, outside: "PORT 110,0,22,15,156,64\r\n" };
  expect(longer.outside.length - PORT.length).toBe(PORT.length - port.outside.length);
  const { inside, outside, twins } = control([noop, okay, port, okay, noop, okay, longer, okay, noop, okay]);
  // with more to come, the loop takes them all
  const more = conversation(4, { startUs: 10_000 });
  const outcome = await outcomeOf([...inside, ...more.inside], [...outside, ...more.outside]);
  expect(outcome.twins.slice(0, twins.length)).toEqual(twins);
});

it("without a later packet that confirms it, a change is not believed", async () => {
  const { inside, outside } = control([noop, okay, port]);
  const outcome = await outcomeOf(inside, outside);
  expect(outcome.twins).toEqual(inStep(5));
});

it("the first piece of a segment whose other pieces were lost is not a changed segment", async () => {
  const { inside, outside } = control([noop, okay, noop, okay]);
  const whole = { dst: SERVER, srcPort: 40_000, dstPort: 21, seq: 1013, ack: 5_000_021, flags: PSH_ACK, ipId: 400 };
  const next = { ...whole, seq: 1013 + 3000, ipId: 403, text: "NOOP\r\n" };
  const outcome = await outcomeOf(
    [
      ...inside,
      us(800, segment({ src: CONTAINER, ttl: 64, ...whole, text: "x".repeat(3000) })),
      us(900, segment({ src: CONTAINER, ttl: 64, ...next })),
    ],
    [
      ...outside,
      us(820, segment({ src: HOST, ttl: 63, ...whole, text: "x".repeat(1400) })),
      us(920, segment({ src: HOST, ttl: 63, ...next })),
    ],
  );
  expect(outcome.twins).toEqual(inStep(inside.length + 2));
  expect(outcome.pairs.find(({ inside: frame }) => frame === inside.length + 1)).toMatchObject({
    by: "coverage",
    missing: [{ seq: 1013 + 1400, length: 1600 }],
  });
});

const line = fc.record({
  isUp: fc.boolean(),
  text: fc.constantFrom("", "NOOP\r\n", "200 okay\r\n"),
  isLost: fc.boolean(),
  isAgain: fc.boolean(),
});
const changed = fc.record({
  isUp: fc.constant(true),
  text: fc.constant(PORT),
  outside: fc.constantFrom("PORT 10,0,2,15,156,64\r\n", "PORT 198,51,100,17,156,64\r\n", PORT),
  isLost: fc.boolean(),
  isAgain: fc.constant(false),
});

it("no pair is ever wrong, whatever is changed, lost and sent again", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(line, changed), { maxLength: 40 }), async (sent) => {
      const { inside, outside, twins } = control(sent);
      const known = new Map(twins);
      const { pairs } = await outcomeOf(inside, outside, { clock: { kind: "none" } });
      expect(pairs.filter((pair) => known.get(pair.inside) !== pair.outside)).toEqual([]);
    }),
    { numRuns: runs(25) },
  );
});

it("comes to the same on either path where windows are over soon, beside what nobody forwards", async () => {
  const windowNs = fc.constantFrom(300_000, 2_000_000);
  const everyUs = fc.constantFrom(25, 100, 20_000);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(line, changed), { maxLength: 60 }),
      locals,
      everyUs,
      windowNs,
      async (sent, local, everyUs, windowNs) => {
        const { inside, outside } = control(sent, everyUs);
        const both = [merged(inside, local.inside), merged(outside, local.outside)] as const;
        await expect(outcomeOf(...both, { windowNs, clock: { kind: "none" } })).resolves.toBeDefined();
      },
    ),
    { numRuns: runs(10) },
  );
});
