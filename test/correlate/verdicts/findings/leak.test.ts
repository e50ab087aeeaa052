import { expect, it } from "vitest";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { ACK, RST } from "../../../../src/protocols/tcp.js";
import { CONTAINER, conversation, HOST, merged, segment, SERVER, SYN, SYN_ACK } from "../../traffic.js";

const S = 1_000_000;
const known = conversation(40);

/** Connections to another network that are opened: by which of the two sides, and from or to whom. */
function seen(isInside: boolean, asker: string, answered: string, flags = SYN_ACK): Stamped[] {
  return [1, 2, 3, 4].flatMap((n) => {
    const syn = { src: asker, dst: SERVER, srcPort: 7000 + n, dstPort: 8080, seq: 5000 * n, ack: 0, flags: SYN };
    const both = { src: SERVER, dst: answered, srcPort: 8080, dstPort: 7000 + n, seq: 900 * n, ack: 5000 * n + 1 };
    const lateUs = isInside ? 0 : 20;
    return [
      us(S + 10_000 * n + lateUs, segment({ ...syn, ipId: 100 + n, ttl: isInside ? 64 : 63 })),
      us(S + 10_000 * n + 500 - lateUs, segment({ ...both, flags, ipId: 0, ttl: isInside ? 63 : 64 })),
    ];
  });
}

const codes = async (inside: readonly Stamped[], outside: readonly Stamped[]) =>
  (await outcomeOf(merged(known.inside, inside), merged(known.outside, outside))).findings.map(({ code }) => code);

it("an address that the NAT hides and that sends as it is leaks", async () => {
  const asked = [true, false].map((isInside) => seen(isInside, CONTAINER, CONTAINER).filter((_, at) => at % 2 === 0));
  expect(await codes(asked[0], asked[1])).toContain("leak");
});

it("one does not that is answered as it is: a rule may exempt whom it calls", async () => {
  const found = await codes(seen(true, CONTAINER, CONTAINER), seen(false, CONTAINER, CONTAINER));
  expect(found).toContain("untranslated");
  expect(found).not.toContain("leak");
});

it("a reset is no such answer: who gets a segment of no connection that he knows sends one", async () => {
  const all = [true, false].map((isInside) =>
    seen(isInside, CONTAINER, CONTAINER, RST | ACK).filter((_, at) => at < 4),
  );
  expect(await codes(all[0], all[1])).toContain("leak");
});

it("one does not that is only in answers, which a bridge shows with the NAT undone", async () => {
  expect(await codes(seen(true, CONTAINER, CONTAINER), seen(false, HOST, CONTAINER))).not.toContain("leak");
});
