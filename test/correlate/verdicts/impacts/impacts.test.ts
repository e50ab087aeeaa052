import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../outcome.js";
import { conversation, datagram, merged, SYN, SYN_ACK } from "../../traffic.js";
import { from, data, acked, query, echo, cut, sides, opened, told, known, type Sent } from "../sent.js";

const [FIN_ACK, RST] = [0x11, 0x04];

const syn = (atMs: number, isLost = false) => data(atMs, 999, "", { flags: SYN, ack: 0, isLost });
const fin = (atMs: number, isLost = false) => data(atMs, 1005, "", { flags: FIN_ACK, isLost });
const reset = (atMs: number, isLost = false) => data(atMs, 1005, "", { flags: RST, ack: 0, isLost });

/** The server's answer to the container's SYN. */
const accepted = (atMs: number, isLost = false) => acked(atMs, 1000, { seq: 4999, flags: SYN_ACK, isLost });
/** The same without an IP ID. */
const accept = (atMs: number, isLost = false) => acked(atMs, 1000, { seq: 4999, flags: SYN_ACK, isLost, id: 0 });

/** One of many equal datagrams, 100 ms apart, of which two get through. */
const equal = (n: number): Sent => ({
  atMs: 1000 + 100 * n,
  isLost: n !== 15 && n !== 20,
  packet: (isInside) => datagram({ ...from(isInside), srcPort: 7000, dstPort: 53, ipId: 0, text: "x" }),
});

describe("of TCP", () => {
  it("a copy makes up for what was lost, within the window or after it", async () => {
    const rest = data(1021, 1015, "later");
    const lost = data(1020, 1005, "0123456789", { isLost: true });
    expect(await told([...opened, lost, rest, data(1200, 1005, "0123456789")])).toEqual(["1020 resent by 1200"]);
    // the last one before a pause, which nothing shows to be missing before the copy
    expect(await told([...opened, lost, data(1220, 1005, "0123456789")])).toEqual(["1020 resent by 1220"]);
    expect(await told([...opened, lost, data(3000, 1005, "0123456789")])).toEqual([
      "1020 lost",
      "1020 update resent by 3000",
    ]);
  });

  it("a copy makes up for what was lost before anything was known of the flow", async () => {
    expect(await told([syn(1000, true), syn(1200), acked(1201, 1000, { flags: SYN_ACK, seq: 4999 })])).toEqual([
      "1000 resent by 1200",
    ]);
    const lost = data(1000, 1000, "GET /", { isLost: true });
    expect(await told([lost, data(1210, 1000, "GET /"), acked(1211, 1005, { text: "HTTP" })])).toEqual([
      "1000 resent by 1210",
    ]);
  });

  it("a copy that is lost as well does not, and the next one makes up for both", async () => {
    const lost = [1020, 1500, 3500].map((atMs) => data(atMs, 1005, "0123456789", { isLost: true }));
    expect(await told([...opened, ...lost])).toEqual(["1020 lost", "1500 lost", "3500 lost"]);
    expect(await told([...opened, ...lost, data(7500, 1005, "0123456789")])).toEqual([
      "1020 lost",
      "1500 lost",
      "3500 lost",
      "1020 update resent by 7500",
      "1500 update resent by 7500",
      "3500 update resent by 7500",
    ]);
  });

  it("what is sent again in pieces is so once all of it got through", async () => {
    const lost = data(1020, 1005, "0123456789", { isLost: true });
    const pieces = [data(1030, 1005, "01234"), data(1040, 1012, "789-and-more"), data(3000, 1010, "56")];
    expect(await told([...opened, lost, ...pieces])).toEqual(["1020 lost", "1020 update resent by 3000"]);
    expect(await told([...opened, lost, ...pieces.slice(0, 2)])).toEqual(["1020 lost"]);
  });

  it("an acknowledgement of the other end shows that all arrived unseen, and one of less does not", async () => {
    const lost = data(1020, 1005, "0123456789", { isLost: true });
    expect(await told([...opened, lost, acked(1100, 1015)])).toEqual([]);
    expect(await told([...opened, lost, acked(1100, 1014), acked(5000, 1015)])).toEqual([
      "1020 lost",
      "1020 update arrived",
    ]);
    // what arrived before is sent again in vain
    const again = data(1020, 1000, "GET /", { isLost: true });
    expect(await told([...opened.slice(0, 2), again, acked(1100, 1005, { text: "HTTP" })])).toEqual(["1020 covered"]);
    expect(await told([...opened, lost, acked(1100, 1014)])).toEqual(["1020 lost"]);
    // one that is lost on its way tells nobody
    expect(await told([...opened, lost, acked(1100, 1015, { isLost: true })])).toEqual(["1020 lost", "1100 lost"]);
  });

  it("a later acknowledgement says what an earlier one did", async () => {
    const lost = acked(1020, 1005, { isLost: true, seq: 5004 });
    expect(await told([...opened, lost, acked(1030, 1005, { seq: 5004, text: "more" })])).toEqual(["1020 covered"]);
    const further = [data(1012, 1005, "0123456789"), acked(1020, 1015, { isLost: true, seq: 5004 })];
    expect(await told([...opened, ...further])).toEqual(["1020 lost"]);
    expect(await told([...opened, ...further, acked(4000, 1015, { seq: 5004 })])).toEqual([
      "1020 lost",
      "1020 update covered",
    ]);
  });

  it("an acknowledgement says so that crossed before the pair of an earlier SYN was decided", async () => {
    // the answer to the SYN is lost, and comes again: without an IP ID, nothing tells until the window of the first is over
    const asked = [syn(1000), accept(1001, true), accept(1150), data(1200, 1000, "GET /")];
    const lost = acked(1210, 1005, { isLost: true });
    expect(await told([...asked, lost, acked(1220, 1005)])).toEqual(["1001 resent by 1150", "1210 covered"]);
    expect(await told([...asked, lost])).toEqual(["1001 resent by 1150", "1210 lost"]);
  });

  it("a SYN is sent again before anything is known of its flow", async () => {
    expect(await told([syn(1000, true), syn(2050)])).toEqual(["1000 lost", "1000 update resent by 2050"]);
    expect(await told([syn(1000, true), syn(2050, true), syn(4100)])).toEqual([
      "1000 lost",
      "2050 lost",
      "1000 update resent by 4100",
      "2050 update resent by 4100",
    ]);
  });

  it("an answer to a SYN is sent again, as the SYN is", async () => {
    const tries = [syn(1000), accepted(1010, true), syn(2050), accepted(2060, true), syn(4100), accepted(4110)];
    expect(await told(tries)).toEqual([
      "1010 lost",
      "2060 lost",
      "1010 update resent by 4110",
      "2060 update resent by 4110",
    ]);
  });

  it("a FIN counts as a byte, and a reset is made up for by another one", async () => {
    expect(await told([...opened, fin(1020, true), acked(1100, 1005)])).toEqual(["1020 lost"]);
    expect(await told([...opened, fin(1020, true), fin(1300)])).toEqual(["1020 resent by 1300"]);
    expect(await told([...opened, reset(1020, true)])).toEqual(["1020 lost"]);
    expect(await told([...opened, reset(1020, true), reset(3000)])).toEqual([
      "1020 lost",
      "1020 update resent by 3000",
    ]);
    // also behind many, before it is judged
    const acks = Array.from({ length: 10 }, (_, n) => data(1011 + n / 2, 1005, ""));
    expect(await told([...opened, ...acks, reset(1020, true), reset(1220)])).toEqual(["1020 resent by 1220"]);
  });

  it("a connection that uses the ports again says nothing of the one before", async () => {
    const lost = data(1020, 1005, "0123456789", { isLost: true });
    const again = [data(5000, 1_000, "", { flags: SYN, ack: 0 }), data(5010, 1001, "0123456789-and-more-than-that")];
    expect(await told([...opened, lost, ...again, acked(5020, 1030)])).toEqual(["1020 lost"]);
  });
});

describe("of what has no acknowledgements", () => {
  const first = query(1000, "first");

  it("a query is lost, unless the same is asked again", async () => {
    const lost = query(1020, "who is it?", true);
    expect(await told([first, lost, query(1500, "who else?")])).toEqual(["1020 lost"]);
    expect(await told([first, lost, query(1500, "who is it?")])).toEqual(["1020 resent by 1500"]);
    expect(await told([first, lost, query(6020, "who is it?")])).toEqual(["1020 lost", "1020 update resent by 6020"]);
  });

  it("many equal ones come one after the other, whether one of them was lost or not", async () => {
    const unlike: Sent = {
      atMs: 500,
      packet: (isInside) =>
        datagram({ ...from(isInside), srcPort: 7000, dstPort: 53, ipId: 0, text: "one that tells whose flow it is" }),
    };
    const all = await told([unlike, ...Array.from({ length: 40 }, (_, n) => equal(n))]);
    const toldOf = (n: number) => all.findLast((text) => text.startsWith(`${1000 + 100 * n} `));
    expect([21, 22, 25].map(toldOf)).toEqual([21, 22, 25].map((n) => `${1000 + 100 * n} unknown`));
  });

  it("who has said the same within the last minute says it again, be it as a copy or not", async () => {
    expect(await told([query(1000, "tick"), query(11_000, "tick", true), query(21_000, "tick")])).toEqual([
      "11000 unknown",
    ]);
    expect(await told([query(1000, "tick"), query(11_000, "tack", true), query(21_000, "tack")])).toEqual([
      "11000 lost",
      "11000 update resent by 21000",
    ]);
  });

  it("the first query of a flow is as good as any", async () => {
    expect(await told([query(1020, "who is it?", true), query(6020, "who is it?")])).toEqual([
      "1020 lost",
      "1020 update resent by 6020",
    ]);
  });

  it("another one that long after is no copy", async () => {
    expect(await told([first, query(1020, "who is it?", true), query(32_000, "who is it?")])).toEqual(["1020 lost"]);
  });

  it("an echo is known by its number", async () => {
    const pings = [echo(1000, 1), echo(2000, 2, true), echo(3000, 3)];
    expect(await told(pings)).toEqual(["2000 lost"]);
    expect(await told([...pings, echo(3500, 2)])).toEqual(["2000 lost", "2000 update resent by 3500"]);
  });

  it("nothing tells where the payload was not kept", async () => {
    const { inside, outside } = sides([first, query(1020, "who is it?", true)]);
    const { alone } = await outcomeOf(merged(known.inside, cut(inside)), merged(known.outside, cut(outside)));
    expect(alone).toMatchObject([{ verdict: "dropped", impact: "unknown" }]);
  });
});

it("nothing follows of a capture that ends too early", async () => {
  const short = conversation(60, { everyUs: 20_000, srcPort: 50_000, seed: 7 });
  expect(await told([...opened, data(1050, 1005, "0123456789", { isLost: true })], short)).toEqual(["1050 unknown"]);
  expect(await told([query(100, "first"), query(900, "who is it?", true)], short)).toEqual(["900 lost"]);
});
