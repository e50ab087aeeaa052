import { expect, it } from "vitest";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { CONTAINER, conversation, HOST, merged, segment, SERVER, SYN, SYN_ACK } from "../../traffic.js";

const S = 1_000_000;
const known = conversation(40);

/** Connections to another network that are opened: by which of the two sides, and from or to whom. */
function seen(isInside: boolean, asker: string, answered: string): Stamped[] {
  return [1, 2, 3, 4].flatMap((n) => {
    const syn = { src: asker, dst: SERVER, srcPort: 7000 + n, dstPort: 8080, seq: 5000 * n, ack: 0, flags: SYN };
    const both = { src: SERVER, dst: answered, srcPort: 8080, dstPort: 7000 + n, seq: 900 * n, ack: 5000 * n + 1 };
    const lateUs = isInside ? 0 : 20;
    return [
      us(S + 10_000 * n + lateUs, segment({ ...syn, ipId: 100 + n, ttl: isInside ? 64 : 63 })),
      us(S + 10_000 * n + 500 - lateUs, segment({ ...both, flags: SYN_ACK, ipId: 0, ttl: isInside ? 63 : 64 })),
    ];
  });
}

const codes = async (inside: readonly Stamped[], outside: readonly Stamped[]) =>
  (await outcomeOf(merged(known.inside, inside), merged(known.outside, outside))).findings.map(({ code }) => code);

it("an address that the NAT hides and that sends as it is leaks", async () => {
  expect(await codes(seen(true, CONTAINER, CONTAINER), seen(false, CONTAINER, CONTAINER))).toContain("leak");
});

it("one does not that is only in answers, which a bridge shows with the NAT undone", async () => {
  expect(await codes(seen(true, CONTAINER, CONTAINER), seen(false, HOST, CONTAINER))).not.toContain("leak");
});
