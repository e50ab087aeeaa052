import { expect } from "vitest";
import type { HostRules } from "../../../src/packets/results/host-rules.js";
import { outcomeOf, type Stamped, us } from "../outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, OTHER, SERVER } from "../traffic.js";

/** 40 packets each way, 100 µs apart, all of them on both sides. */
export const known = conversation(80);

interface Way {
  readonly src: string;
  readonly dst: string;
  readonly ipId: number;
  readonly ttl: number;
  readonly text?: string;
}

export const query = ({ text = "?", ...of }: Way) => datagram({ ...of, srcPort: 9999, dstPort: 53, text });
export const answer = ({ text = "!", ...of }: Way) => datagram({ ...of, srcPort: 53, dstPort: 9999, text });

/** A query of the host's own, or one that it forwards, by its TTL. */
export const sent = (ttl: number) => us(3050, query({ src: HOST, dst: SERVER, ipId: 31_000, ttl }));
export const asked = (dst: string) => us(3050, query({ src: CONTAINER, dst, ipId: 31_000, ttl: 64 }));

/** What nobody answers, to an address that others get answers from. */
export const unanswered = (atUs: number) =>
  us(atUs, query({ src: OTHER, dst: "192.168.7.9", ipId: 31_002, ttl: 64, text: "anybody?" }));

/** What became of the packets of one side beside `known`, by verdict, in order of time. */
export async function alone(
  inside: readonly Stamped[],
  outside: readonly Stamped[],
  rules?: () => HostRules,
  pairs = 80,
): Promise<string[]> {
  const outcome = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside), rules && { rules });
  expect(outcome.pairs).toHaveLength(pairs);
  return outcome.alone.map(({ side, verdict, why }) => `${side} ${verdict}: ${why}`);
}
