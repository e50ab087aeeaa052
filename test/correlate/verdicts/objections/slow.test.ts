import { expect, it } from "vitest";
import { outcomeOf, us } from "../../outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, OTHER, SERVER } from "../../traffic.js";

const beat = (src: string, srcPort: number, ttl: number) =>
  datagram({ src, dst: SERVER, srcPort, dstPort: 514, ipId: 0, ttl, text: "beat" });

/** What becomes of the last outbound of a few packets, which outside lacks when it ends 50 ms later, beside so many datagrams that nothing tells apart. */
async function saidOfLast(alike: number): Promise<string[]> {
  const { inside, outside } = conversation(10, { everyUs: 50_000 });
  const times = Array.from({ length: alike }, (_, n) => 2000 + 10_000 * n);
  const entered = times.flatMap((atUs) => [CONTAINER, OTHER].map((src) => us(atUs, beat(src, 7000, 64))));
  const left = times.flatMap((atUs) => [7000, 1024].map((port) => us(atUs + 20, beat(HOST, port, 63))));
  const lacking = outside.filter((_, at) => at !== 8);
  const { alone } = await outcomeOf(merged(inside, entered), merged(lacking, left));
  return alone.map(({ side, frame, verdict, reason }) => `${side} ${frame - 2 * alike} ${verdict} ${reason}`);
}

it("a packet shortly before an end may be under way where it is ambiguous what most took", async () => {
  expect(await saidOfLast(0)).toEqual(["inside 9 dropped no-twin"]);
  expect(await saidOfLast(20)).toEqual(["inside 9 unknown capture-edge"]);
});
