import { expect, it } from "vitest";
import { ms, outcomeOf, type Stamped } from "../outcome.js";
import { CONTAINER, datagram, HOST, merged, ping, SERVER } from "../traffic.js";

const ROUNDS = 12;
const clock = { kind: "none" } as const;

/** What a host asks once a second, and what it is told: each time something else, the same on all hosts. */
type Talk = (n: number, isQuestion: boolean) => Uint8Array;

/** Questions that a side shows, and answers after so long, in milliseconds. */
function talk(of: Talk, startMs: number, roundTripMs: number): Stamped[] {
  return Array.from({ length: ROUNDS }, (_, n) => [
    ms(1000 * n + startMs, of(n, true)),
    ms(1000 * n + startMs + roundTripMs, of(n, false)),
  ]).flat();
}

const polled =
  (host: string, port: number, lowered: number): Talk =>
  (n, isQuestion) =>
    isQuestion
      ? datagram({ src: host, srcPort: port, dst: SERVER, dstPort: 161, ipId: 0, ttl: 64 - lowered, text: `no ${n}` })
      : datagram({ src: SERVER, srcPort: 161, dst: host, dstPort: port, ipId: 0, ttl: 60 + lowered, text: `is ${n}` });

const pinged =
  (host: string, icmpId: number, lowered: number): Talk =>
  (n, isQuestion) =>
    isQuestion
      ? ping({ src: host, dst: SERVER, icmpId, seq: n, ipId: icmpId + n, ttl: 64 - lowered })
      : ping({ src: SERVER, dst: host, icmpId, seq: n, ipId: icmpId + 100 + n, ttl: 60 + lowered, reply: true });

it.each([
  ["polls", polled(CONTAINER, 38_601, 0), polled(HOST, 36_163, 1), 0.5],
  ["pings", pinged(CONTAINER, 19_229, 0), pinged(HOST, 42_563, 1), 0.03],
])(
  "strangers whose %s begin together and are answered at other times are no twins",
  async (_, inside, outside, apart) => {
    const outcome = await outcomeOf(talk(inside, 20, 2), talk(outside, 20 + apart, 20), { clock });
    expect(outcome.pairs).toEqual([]);
  },
);

it("those that are answered at the same times are, whatever the clocks", async () => {
  const [inside, outside] = [polled(CONTAINER, 38_601, 0), polled(HOST, 36_163, 1)];
  const here = merged(talk(inside, 20, 2));
  const outcome = await outcomeOf(here, talk(outside, 20.03, 1.94), { clock });
  expect(outcome.pairs).toHaveLength(2 * ROUNDS);
});
