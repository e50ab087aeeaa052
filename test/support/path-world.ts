/** A path of capture points as a test knows it: containers behind bridges, hosts and routers, some of which rewrite, lose and delay packets. */
import { echo, ethernet, ipv4, tcp, type Transport, udp } from "./packets.js";
import { pcap, type PcapFrame } from "./pcap.js";
import { randomFrom } from "./random.js";

/** What is between two neighbouring points. */
export interface Link {
  /** A router lowers the TTL; a bridge or a cable does not. */
  readonly isRouter: boolean;
  /** The address that a source NAT gives here. */
  readonly nat?: string;
  /** The share of packets that are lost here. */
  readonly loss: number;
  /** The least that packets take, nanoseconds; 0 where one stamp is for both points. */
  readonly leastNs: number;
}

export interface World {
  readonly links: readonly Link[];
  /** By how much each point's clock is ahead. */
  readonly clocksNs: readonly number[];
  readonly packets: number;
  readonly seed: number;
  /** Nanoseconds between packets, on average. */
  readonly everyNs: number;
}

/** What became of a packet: the frame at each point, 0 where it was not seen. */
export interface Travelled {
  readonly frames: readonly number[];
  readonly isOutbound: boolean;
  /** The link that lost it; undefined where it arrived. */
  readonly lostAt: number | undefined;
}

export interface Walked {
  /** A capture a point. */
  readonly captures: readonly Buffer[];
  readonly travelled: readonly Travelled[];
}

/** A conversation, from the point where it begins outwards. */
interface Conversation {
  readonly from: number;
  readonly address: string;
  readonly port: number;
  readonly server: string;
  readonly make: (port: number, isOutbound: boolean, payload: Uint8Array, at: number) => Transport;
  /** By link, the port that its NAT gives. */
  readonly ports: ReadonlyMap<number, number>;
}

const EPOCH_NS = 1_700_000_000_000_000_000n;
const JITTER_NS = 40_000;

/** A container, its bridge, the host, a router at home, and what is behind that, by two NATs. */
export const TWO_NATS: readonly Link[] = [
  { isRouter: false, loss: 0, leastNs: 0 },
  { isRouter: true, nat: "10.0.2.15", loss: 0.02, leastNs: 8000 },
  { isRouter: false, loss: 0.01, leastNs: 200_000 },
  { isRouter: true, nat: "198.51.100.7", loss: 0.03, leastNs: 30_000 },
];

export function walk({ links, clocksNs, packets, seed, everyNs }: World): Walked {
  const random = randomFrom(seed);
  const points = links.length + 1;
  const conversations = Array.from({ length: 24 }, (_, at) => conversation(at, links, random));
  const shown: {
    readonly point: number;
    readonly atNs: number;
    readonly packet: number;
    readonly frame: Uint8Array;
  }[] = [];
  const travelled: { frames: number[]; isOutbound: boolean; lostAt: number | undefined }[] = [];
  /** When the last packet left each link, by direction: a queue keeps its order. */
  const leftNs = links.map(() => [0, 0]);
  let nowNs = 1_000_000;
  for (let packet = 0; packet < packets; packet++) {
    nowNs += Math.round(everyNs * 2 * random());
    const of = conversations[Math.floor(random() * conversations.length)];
    const isOutbound = packet < conversations.length || random() < 0.5;
    const payload = Uint8Array.from({ length: 20 + Math.floor(random() * 400) }, () => Math.floor(random() * 256));
    const id = 1 + Math.floor(random() * 65_535);
    let atNs = nowNs;
    const here = {
      frames: Array.from({ length: points }, () => 0),
      isOutbound,
      lostAt: undefined as number | undefined,
    };
    travelled.push(here);
    for (let step = 0; step <= links.length - of.from; step++) {
      const point = isOutbound ? of.from + step : links.length - step;
      shown.push({ point, atNs, packet, frame: frameAt(of, links, { point, isOutbound, payload, id, packet }) });
      const link = isOutbound ? point : point - 1;
      if (step === links.length - of.from) break;
      if (random() < links[link].loss) {
        here.lostAt = link;
        break;
      }
      const { leastNs } = links[link];
      const way = isOutbound ? 0 : 1;
      if (leastNs > 0) atNs = Math.max(leftNs[link][way] + 500, atNs + leastNs + Math.floor(random() * JITTER_NS));
      leftNs[link][way] = Math.max(leftNs[link][way], atNs);
    }
  }
  const captures = Array.from({ length: points }, (_, point) => {
    const mine = shown.filter((each) => each.point === point).sort((a, b) => a.atNs - b.atNs || a.packet - b.packet);
    for (const [at, { packet }] of mine.entries()) travelled[packet].frames[point] = at + 1;
    const stamped = mine.map(
      ({ atNs, frame }): PcapFrame => ({ timeNs: EPOCH_NS + BigInt(atNs + clocksNs[point]), frame }),
    );
    return pcap(stamped);
  });
  return { captures, travelled };
}

function conversation(at: number, links: readonly Link[], random: () => number): Conversation {
  // every sixth is the host's own: the container and its bridge do not see it
  const from = at % 6 === 5 ? Math.min(2, links.length - 1) : 0;
  const port = 30_000 + at;
  // ports are kept where they are free; every fourth one was not
  const ports = new Map(
    links.flatMap(({ nat }, link) =>
      nat === undefined ? [] : [[link, at % 4 === 3 ? 1024 + at + 100 * link : port] as const],
    ),
  );
  const server = `203.0.113.${1 + Math.floor(random() * 5)}`;
  const address = from === 0 ? `172.17.0.${2 + (at % 4)}` : "10.0.2.15";
  const makers: Conversation["make"][] = [
    (of, isOutbound, payload) =>
      udp({ ...(isOutbound ? { srcPort: of, dstPort: 4433 } : { srcPort: 4433, dstPort: of }), payload }),
    (of, isOutbound, payload, number) => echo({ id: of, seq: number & 0xffff, reply: !isOutbound, payload }),
    (of, isOutbound, payload, number) =>
      tcp({
        ...(isOutbound ? { srcPort: of, dstPort: 443 } : { srcPort: 443, dstPort: of }),
        seq: 1000 * number,
        payload,
        flags: 0x18,
      }),
  ];
  return { from, address, port, server, ports, make: makers[at % makers.length] };
}

/** The frame of a packet at a point: behind the links inside of it. */
function frameAt(
  { from, address, port, server, ports, make }: Conversation,
  links: readonly Link[],
  {
    point,
    isOutbound,
    payload,
    id,
    packet,
  }: { point: number; isOutbound: boolean; payload: Uint8Array; id: number; packet: number },
): Uint8Array {
  const behind = links.slice(from, Math.max(from, point));
  const nat = behind.findLast((link) => link.nat !== undefined);
  const own = {
    address: nat?.nat ?? address,
    port: nat === undefined ? port : (ports.get(links.indexOf(nat)) ?? port),
  };
  const routers = (isOutbound ? behind : links.slice(point)).filter(({ isRouter }) => isRouter).length;
  const ttl = (isOutbound ? 64 : 57) - routers;
  const ends = isOutbound ? { src: own.address, dst: server } : { src: server, dst: own.address };
  return ethernet(ipv4({ ...ends, id, ttl }, make(own.port, isOutbound, payload, packet)));
}
