import { expect } from "vitest";
import { concat, ipv4, udp } from "../../support/packets.js";
import { ms, type Outcome, outcomeOf, type Stamped } from "../outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, ping, segment, SERVER, SYN, type Sides } from "../traffic.js";

/** A packet each way every 100 ms for 40 s, all of them on both sides, so that the captures can be believed. */
export const known = conversation(400, { everyUs: 100_000, srcPort: 50_000, seed: 7 });

/** What the container sends, or is sent: at a millisecond, and whether it gets through. */
export interface Sent {
  readonly atMs: number;
  readonly isLost?: boolean;
  readonly packet: (isInside: boolean) => Uint8Array;
  readonly isInbound?: boolean;
}

let ipId = 100;

export const from = (isInside: boolean) => ({ src: isInside ? CONTAINER : HOST, dst: SERVER, ttl: isInside ? 64 : 63 });
export const to = (isInside: boolean) => ({ src: SERVER, dst: isInside ? CONTAINER : HOST, ttl: isInside ? 52 : 53 });

/** A segment of the container's, with a new IP ID. */
export function data(atMs: number, seq: number, text: string, { isLost = false, flags = 0x18, ack = 5000 } = {}): Sent {
  const id = ++ipId;
  const numbers = { srcPort: 40_000, dstPort: 80, ipId: id, seq, ack, flags, text };
  return { atMs, isLost, packet: (isInside) => segment({ ...from(isInside), ...numbers }) };
}

/** An acknowledgement of the server's. */
export function acked(
  atMs: number,
  ack: number,
  { isLost = false, seq = 5000, text = "", flags = 0x18, id = ++ipId } = {},
): Sent {
  const numbers = { srcPort: 80, dstPort: 40_000, ipId: id, seq, ack, text, flags };
  return { atMs, isLost, isInbound: true, packet: (isInside) => segment({ ...to(isInside), ...numbers }) };
}

export function query(atMs: number, text: string, isLost = false): Sent {
  const id = ++ipId;
  return {
    atMs,
    isLost,
    packet: (isInside) => datagram({ ...from(isInside), srcPort: 7000, dstPort: 53, ipId: id, text }),
  };
}

export function echo(atMs: number, seq: number, isLost = false): Sent {
  const id = ++ipId;
  return { atMs, isLost, packet: (isInside) => ping({ ...from(isInside), icmpId: 77, seq, ipId: id }) };
}

export function reply(atMs: number, seq: number): Sent {
  const id = ++ipId;
  return {
    atMs,
    isInbound: true,
    packet: (isInside) => ping({ ...to(isInside), icmpId: 77, seq, ipId: id, reply: true }),
  };
}

/** A DNS query of the container's, or the answer to one: what of it tells that, and a name in its question. */
export function dns(
  atMs: number,
  id: number,
  { isAnswer = false, isLost = false, questions = 1, name = "name" } = {},
): Sent {
  const ip = ++ipId;
  const header = [id >>> 8, id & 0xff, isAnswer ? 0x81 : 0x01, 0, 0, questions, 0, isAnswer ? 1 : 0, 0, 0, 0, 0];
  const payload = concat(Uint8Array.from(header), Buffer.from(name));
  const ports = isAnswer ? { srcPort: 53, dstPort: 7000 } : { srcPort: 7000, dstPort: 53 };
  const ends = isAnswer ? to : from;
  return {
    atMs,
    isLost,
    isInbound: isAnswer,
    packet: (isInside) => ipv4({ ...ends(isInside), id: ip }, udp({ ...ports, payload })),
  };
}

/** What the server sends to a port of the host's, and never gets inside; `port`: that which it comes from. */
export function knock(atMs: number, text: string, port = 6000): Sent {
  const id = ++ipId;
  const ports = { srcPort: port, dstPort: 7004 };
  return {
    atMs,
    isLost: true,
    isInbound: true,
    packet: (isInside) => datagram({ ...to(isInside), ...ports, ipId: id, text }),
  };
}

/** A datagram without an IP ID, the same each time. */
export const beat = (atMs: number, isLost = false): Sent => ({
  atMs,
  isLost,
  packet: (isInside) => datagram({ ...from(isInside), srcPort: 7000, dstPort: 53, ipId: 0, text: "beat" }),
});

/** The same packets without their payload but for a few bytes. */
export function cut(packets: readonly Stamped[]): Stamped[] {
  return packets.map((each) => ({ ...each, kept: 32 }));
}

/** What both sides see of it. */
export function sides(sent: readonly Sent[]): Sides {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (const { atMs, isLost = false, packet, isInbound = false } of sent) {
    const [entered, left] = isInbound ? [outside, inside] : [inside, outside];
    entered.push(ms(atMs, packet(!isInbound)));
    if (!isLost) left.push(ms(atMs + 0.02, packet(isInbound)));
  }
  return { inside, outside };
}

/** A handshake and some data, so that the flow is known, and the other direction's numbers. */
export const opened = [
  data(1000, 999, "", { flags: SYN, ack: 0 }),
  data(1010, 1000, "GET /"),
  acked(1011, 1005, { text: "HTTP" }),
];

export async function outcome(sent: readonly Sent[], background: Sides = known): Promise<Outcome> {
  const { inside, outside } = sides(sent);
  return outcomeOf(merged(background.inside, inside), merged(background.outside, outside));
}

/** What else a drop turned out to be, by its verdict. */
const TOLD: Record<string, string> = { refused: "refused", unknown: "arrived" };

/** What each drop came to as it was judged, and each update, by the millisecond that the frame shown was sent. */
export async function told(sent: readonly Sent[], background: Sides = known): Promise<string[]> {
  const { inside, outside } = sides(sent);
  const all = [merged(background.inside, inside), merged(background.outside, outside)] as const;
  const { alone, updates, summary } = await outcomeOf(...all);
  const at = (side: number, frame: number | undefined): string =>
    frame === undefined ? "" : ` by ${Math.round(all[side][frame - 1].ns / 1e6)}`;
  const judged = alone.flatMap(({ side, frame, verdict, impact, byFrame }) =>
    verdict === "dropped"
      ? [`${at(side === "inside" ? 0 : 1, frame)} ${impact}${at(side === "inside" ? 0 : 1, byFrame)}`]
      : [],
  );
  const later = updates.map(
    ({ side, frame, verdict, impact, byFrame }) =>
      `${at(side, frame)} update ${verdict === "dropped" ? impact : TOLD[verdict]}${at(side, byFrame)}`,
  );
  // the summary counts what is known at the end
  const last = new Map(judged.map((text) => [text.split(" ")[2], text.split(" ")[3]]));
  for (const text of later) last.set(text.split(" ")[2], text.split(" ")[4]);
  const counted = summary.impacts.flatMap((counts) =>
    [...counts].flatMap(([impact, count]) => Array<string>(count).fill(impact)),
  );
  expect(counted.sort()).toEqual([...last.values()].filter((impact) => !Object.values(TOLD).includes(impact)).sort());
  return [...judged, ...later].map((text) => text.slice(" by ".length));
}
