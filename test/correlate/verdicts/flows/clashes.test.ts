import { describe, expect, it } from "vitest";
import { ipv4, udp } from "../../../support/packets.js";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { CONTAINER, conversation, HOST, merged, OTHER, SERVER } from "../../traffic.js";

/** A datagram of a container, inside or as the NAT makes it. */
function sent(atUs: number, src: string, srcPort: number, ipId: number): Stamped {
  const isInside = src !== HOST;
  const header = { src, dst: SERVER, id: 4000 + ipId, ttl: isInside ? 64 : 63 };
  return us(
    atUs + (isInside ? 0 : 20),
    ipv4(header, udp({ srcPort, dstPort: 9999, payload: Buffer.from(`datagram ${ipId}`) })),
  );
}

const known = conversation(60, { srcPort: 41_000 });
const START_US = 100_000;
const LATER_US = START_US + 200_000;

/** Findings where CONTAINER's first packet from port 5353 is dropped, its second one leaves from another port, and others send what is given. */
async function clashes(inside: readonly Stamped[], outside: readonly Stamped[]): Promise<string[]> {
  const own = { inside: [sent(START_US, CONTAINER, 5353, 1), sent(LATER_US, CONTAINER, 5353, 2)] };
  const crossed = [sent(LATER_US, HOST, 1024, 2)];
  const { findings } = await outcomeOf(
    merged(known.inside, own.inside, inside),
    merged(known.outside, crossed, outside),
  );
  return findings.filter(({ code }) => code === "nat-clash-drop").map(({ text }) => text);
}

describe("a clash", () => {
  it("is a first packet that is dropped as another flow takes its port at that time", async () => {
    for (const atUs of [START_US - 15, START_US + 15]) {
      const found = await clashes([sent(atUs, OTHER, 5353, 9)], [sent(atUs, HOST, 5353, 9)]);
      expect(found).toEqual([expect.stringContaining("another flow held the wanted one")]);
    }
  });

  it("is none where nobody took the port", async () => {
    expect(await clashes([], [])).toEqual([]);
  });

  it("is none where the other flow's first packet had left before, or came later", async () => {
    for (const atUs of [START_US - 30, START_US + 30])
      expect(await clashes([sent(atUs, OTHER, 5353, 9)], [sent(atUs, HOST, 5353, 9)])).toEqual([]);
  });

  it("is none where the other flow's first packet was held up behind the NAT, and its port was taken long before", async () => {
    const atUs = START_US - 100;
    const left = sent(atUs, HOST, 5353, 9);
    const late = { ...left, ns: left.ns + 130_000 };
    expect(await clashes([sent(atUs, OTHER, 5353, 9)], [late])).toEqual([]);
  });

  it("is one by the first packet of a flow that goes on", async () => {
    const [inside, outside] = [OTHER, HOST].map((src) =>
      Array.from({ length: 100 }, (_, i) => sent(START_US + 10 + 1000 * i, src, 5353, 100 + i)),
    );
    expect(await clashes(inside, outside)).toHaveLength(1);
  });

  it("is not said where packets of conversations that have their ports are lost about then, too", async () => {
    const atUs = START_US + 10;
    // of every twenty packets, one never comes out
    const busy = conversation(400, { srcPort: 42_000, startUs: START_US - 20_000, seed: 3 });
    const crossed = busy.outside.filter((_, n) => n % 20 !== 10);
    const [taken, left] = [sent(atUs, OTHER, 5353, 9), sent(atUs, HOST, 5353, 9)];
    expect(await clashes([taken, ...busy.inside], [left, ...busy.outside])).toHaveLength(1);
    expect(await clashes([taken, ...busy.inside], [left, ...crossed])).toEqual([]);
  });

  it("is none where the other flow's port was drawn, too", async () => {
    const atUs = START_US + 10;
    expect(await clashes([sent(atUs, OTHER, 7000, 9)], [sent(atUs, HOST, 5353, 9)])).toEqual([]);
    expect(await clashes([sent(atUs, OTHER, 5353, 9)], [sent(atUs, HOST, 7000, 9)])).toEqual([]);
  });
});
