import { expect, it } from "vitest";
import { IPV4, IPV6, Kinds, NOT_IP, TCP_CONTROL, TCP_PLAIN } from "../../../src/correlate/intake/kinds.js";
import { Capture, type Stamped, us } from "../outcome.js";
import { CONTAINER, datagram, ping, segment, SERVER, SYN } from "../traffic.js";

const of = { src: CONTAINER, dst: SERVER, ttl: 64, ipId: 1 };
const tcp = (flags: number) => segment({ ...of, srcPort: 700, dstPort: 80, seq: 1, ack: 1, flags });
const text = (bytes: number) => datagram({ ...of, srcPort: 700, dstPort: 53, text: "x".repeat(bytes) });
const frames: readonly Stamped[] = [
  us(10, ping({ ...of, icmpId: 1, seq: 1 })),
  us(20, tcp(SYN)),
  us(30, tcp(0x10)),
  us(40, text(100)),
  us(50, text(90)),
  us(60, text(1400)),
];

it.each([1, 2, 6])(
  "are known from the first frame of each on, however the capture is cut: %i at a time",
  async (cut) => {
    const capture = new Capture("docker0", frames, 0n, cut);
    const kinds = new Kinds();
    for (let batch = await capture.next(); batch !== null; batch = await capture.next()) kinds.read(batch);
    const sinceUs = (kind: number) => kinds.sinceNs[kind] / 1000;
    expect([TCP_CONTROL, TCP_PLAIN, IPV4].map(sinceUs)).toEqual([20, 30, 10]);
    expect([NOT_IP, IPV6].map(sinceUs)).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  },
);
