import { describe, expect, it } from "vitest";
import { outcomeOf, type Stamped, us } from "../outcome.js";
import { icmp, ipv4 } from "../../support/packets.js";
import { CLIENT, conversation, datagram, HOST, merged } from "../traffic.js";

const S = 1_000_000;
const idle = conversation(40);
/** Goes on all the while: both captures run. */
const other = conversation(600, { everyUs: 50_000, srcPort: 50_000, seed: 7 });

/** The server's next segment of the idle conversation, at some time. */
const answer = (atUs: number) => conversation(42, { startUs: atUs - 41 * 100 }).outside[41];

async function alone(outside: readonly Stamped[], again = conversation(0)) {
  const outcome = await outcomeOf(
    merged(idle.inside, other.inside, again.inside),
    merged(idle.outside, other.outside, outside, again.outside),
  );
  return outcome.alone.map(({ verdict, reason }) => [verdict, reason]);
}

describe("an answer from outside that does not come out", () => {
  it("is dropped where its conversation went on within ten seconds", async () => {
    expect(await alone([answer(9 * S)])).toEqual([["dropped", "no-twin"]]);
  });

  it("may be what the host has forgotten the translation of, behind a longer silence", async () => {
    expect(await alone([answer(12 * S)])).toEqual([["unknown", "translation-gone"]]);
  });

  it("is dropped all the same where others go by that translation behind it", async () => {
    const again = conversation(2, { startUs: 12 * S + 500_000, seed: 3 });
    expect(await alone([answer(12 * S)], again)).toEqual([["dropped", "no-twin"]]);
  });
});

it("what leaves from the NAT's own address is refused by whoever answers it there, not by the host", async () => {
  const query = datagram({ src: HOST, dst: CLIENT, ipId: 5, ttl: 64, srcPort: 9, dstPort: 9, text: "?" });
  const error = ipv4({ src: CLIENT, dst: HOST, id: 6 }, icmp({ type: 3, code: 3, payload: query }));
  expect(await alone([us(S, query), us(S + 200, error)])).toEqual([
    ["local", "from-host"],
    ["local", "to-host"],
  ]);
});
