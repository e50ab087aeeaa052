import { expect, it } from "vitest";
import { ms, outcomeOf, type Stamped } from "../../outcome.js";
import { merged, segment } from "../../traffic.js";
import { from, data, acked, query, echo, reply, dns, beat, sides, opened, told, known, type Sent } from "../sent.js";

it("of what may have got through later, as nothing tells it from its like, nothing is known", async () => {
  const first = [query(900, "first"), beat(1000, true)];
  expect(await told([...first, beat(3000)])).toEqual(["1000 lost", "1000 update resent by 3000"]);
  expect(await told([...first, beat(3000, true), beat(3000.004)])).toEqual(["1000 lost", "1000 update unknown"]);
});

/** An acknowledgement of the container's alone, without an IP ID. */
const bare = (atMs: number, ack: number, isLost = false): Sent => ({
  atMs,
  isLost,
  packet: (isInside) => segment({ ...from(isInside), srcPort: 40_000, dstPort: 80, ipId: 0, seq: 1020, ack }),
});

it("an acknowledgement that nothing tells from its like may say what one did that was lost", async () => {
  const more = [acked(1030, 1020, { text: "0123456789" }), acked(1040, 1020, { seq: 5010, text: "0123456789" })];
  const lost = [...opened, ...more, bare(1050, 5010, true)];
  expect(await told(lost)).toEqual(["1050 lost"]);
  expect(await told([...lost, bare(1300, 5020, true), bare(1300.004, 5020)])).toEqual([
    "1050 lost",
    "1050 update unknown",
  ]);
  expect(await told([...lost, bare(3000, 5020, true), bare(3000.004, 5020)])).toEqual([
    "1050 lost",
    "1050 update unknown",
  ]);
});

it("an answer shows that what it answers arrived unseen, wherever that answer was missed", async () => {
  const lost = data(1020, 1005, "0123456789", { isLost: true });
  const missed: Stamped = ms(1100, acked(1100, 1015).packet(true));
  const { inside, outside } = sides([...opened, lost]);
  const { updates } = await outcomeOf(merged(known.inside, inside, [missed]), merged(known.outside, outside));
  expect(updates).toMatchObject([{ verdict: "unknown", reason: "forwarded-unseen", before: { impact: "lost" } }]);
  const others = [echo(1000, 1), echo(2000, 2, true)];
  expect(await told([...others, reply(2010, 3)])).toEqual(["2000 lost"]);
  expect(await told([...others, reply(2010, 2)])).toEqual([]);
  expect(await told([...others, reply(4000, 2)])).toEqual(["2000 lost", "2000 update arrived"]);
});

it("so does an answer of a flow of which much has crossed, whichever it answers", async () => {
  const before = Array.from({ length: 20 }, (_, n) => [echo(1000 + 100 * n, n), reply(1010 + 100 * n, n)]).flat();
  expect(await told([...before, echo(3000, 20, true), reply(3010, 20)])).toEqual([]);
  expect(await told([...before, echo(3000, 20, true), reply(3010, 21)])).toEqual(["3000 lost"]);
});

const answer = (atMs: number, id: number) => dns(atMs, id, { isAnswer: true });

it("an answer to a DNS query shows that the query arrived, and none to another one", async () => {
  const before = Array.from({ length: 20 }, (_, n) => [
    dns(1000 + 100 * n, n),
    dns(1010 + 100 * n, n, { isAnswer: true }),
  ]);
  const lost = [...before.flat(), dns(4000, 100, { isLost: true })];
  expect(await told([...lost, answer(4010, 100)])).toEqual([]);
  expect(await told([...lost, answer(6000, 100)])).toEqual(["4000 lost", "4000 update arrived"]);
  expect(await told([...lost, answer(4010, 99)])).toEqual(["4000 lost"]);
  // another one of this number was seen to cross: that is answered
  expect(await told([...lost, dns(4005, 100, { name: "other" }), answer(4010, 100)])).toEqual(["4000 lost"]);
  expect(await told([...lost, dns(4005, 100), answer(4010, 100)])).toEqual(["4000 resent by 4005"]);
  // what is no DNS has no number
  expect(await told([...lost, dns(4010, 100, { isAnswer: true, questions: 0 })])).toEqual(["4000 lost"]);
});
