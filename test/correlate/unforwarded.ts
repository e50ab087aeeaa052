import * as fc from "fast-check";
import type { Stamped } from "./outcome.js";
import { CLIENT, CONTAINER, datagram, HOST, merged, OTHER, segment, type Sides, SYN, SYN_ACK } from "./traffic.js";

const BRIDGE = "172.17.0.1";
const GROUP = "239.255.255.250";
const PUBLISHED_PORT = 88;

const KINDS = ["containers", "host", "names", "group", "published", "proxied late", "proxied", "proxied"] as const;

/** A conversation of which nothing goes through the NAT, or only what a proxy passes on. */
interface Unforwarded {
  readonly kind: (typeof KINDS)[number];
  readonly startUs: number;
  readonly everyUs: number;
  readonly latencyUs: number;
  /** Messages after the handshake, each way in turn. */
  readonly count: number;
  /** What the messages are about, which others may be about as well; and whether the first one is long enough to be told from others however it is cut. */
  readonly content: number;
  readonly isLong: boolean;
  readonly port: number;
}

const unforwarded: fc.Arbitrary<Unforwarded> = fc.record({
  kind: fc.constantFrom(...KINDS),
  startUs: fc.oneof(fc.nat(500_000), fc.nat(2_000_000)),
  everyUs: fc.oneof(fc.integer({ min: 5, max: 200 }), fc.integer({ min: 1000, max: 30_000 })),
  latencyUs: fc.integer({ min: 1, max: 300 }),
  count: fc.integer({ min: 1, max: 40 }),
  content: fc.oneof(fc.nat(1), fc.nat(100)),
  isLong: fc.boolean(),
  port: fc.integer({ min: 50_000, max: 50_006 }),
});

/** Who talks to whom, as one of the captures has it. */
interface Ends {
  readonly client: string;
  readonly server: string;
  readonly clientPort: number;
  readonly serverPort: number;
  /** For the numbers: two connections that carry one stream have their own. */
  readonly seed: number;
}

type Leg = Ends & Pick<Unforwarded, "startUs" | "everyUs" | "count" | "content" | "isLong">;

/** A TCP connection; `waitsUs` is what its server's messages, and its client's, are later than in time. */
function connection({ client, server, seed, ...of }: Leg, waitsUs: readonly [number, number] = [0, 0]): Stamped[] {
  const next = { client: 1000 * seed, server: 5000 * seed };
  const say = (isClient: boolean, step: number, text: string, flags?: number): Stamped => {
    const [src, dst] = isClient ? [client, server] : [server, client];
    const [srcPort, dstPort] = isClient ? [of.clientPort, of.serverPort] : [of.serverPort, of.clientPort];
    const numbers = isClient ? { seq: next.client, ack: next.server } : { seq: next.server, ack: next.client };
    const bytes = text.length + (flags === undefined ? 0 : 1);
    if (isClient) next.client += bytes;
    else next.server += bytes;
    const ends = { src, dst, srcPort, dstPort, ttl: 64, ipId: 100 * seed + step + 1 };
    const ns = 1000 * (of.startUs + step * of.everyUs + waitsUs[isClient ? 1 : 0]);
    return { ns, packet: segment({ ...ends, ...numbers, text, ...(flags !== undefined && { flags }) }) };
  };
  const first = `${of.content}`.repeat(of.isLong ? 40 : 3);
  const opening = [say(true, 0, "", SYN), say(false, 1, "", SYN_ACK)];
  const said = Array.from({ length: of.count }, (_, n) =>
    say(n % 2 === 0, 2 + n, n === 0 ? first : `message ${n}, content ${of.content}`.padEnd(40)),
  );
  // later than all that they acknowledge, and with nothing to tell streams by
  const acknowledged = [4, 5].map((later, n) => say(n === 0, of.count + later, ""));
  return [...opening, ...said, ...acknowledged];
}

/** Datagrams with nothing to tell them apart, each way in turn or all one way. */
function datagrams({ client, server, seed, ...of }: Leg, isOneWay: boolean): Stamped[] {
  return Array.from({ length: of.count }, (_, n) => {
    const isClient = isOneWay || n % 2 === 0;
    const [src, dst] = isClient ? [client, server] : [server, client];
    const [srcPort, dstPort] = isClient ? [of.clientPort, of.serverPort] : [of.serverPort, of.clientPort];
    const packet = datagram({ src, dst, srcPort, dstPort, ttl: 64, ipId: 0, text: `query ${of.content}` });
    return { ns: 1000 * (of.startUs + n * of.everyUs) + seed, packet };
  });
}

function sidesOf({ kind, port, latencyUs, ...of }: Unforwarded): Sides {
  const leg = (ends: Omit<Ends, "seed">, seed: number): Leg => ({ ...of, ...ends, seed });
  const to = (client: string, server: string, serverPort: number): Omit<Ends, "seed"> => ({
    client,
    server,
    clientPort: port,
    serverPort,
  });
  switch (kind) {
    case "containers":
      return { inside: connection(leg(to(OTHER, CONTAINER, 6379), 3)), outside: [] };
    case "host":
      return { inside: [], outside: connection(leg(to(CLIENT, HOST, 22), 4)) };
    case "names":
      return { inside: datagrams(leg(to(CONTAINER, BRIDGE, 53), 1), false), outside: [] };
    case "group":
      return {
        inside: datagrams(leg(to(BRIDGE, GROUP, 1900), 1), true),
        outside: datagrams(leg(to(HOST, GROUP, 1900), 2), true),
      };
    case "published": {
      // once one client was let in, others that are not are missed; what the host answers by itself is not
      const inside = connection({ ...leg(to(CLIENT, CONTAINER, 80), 5), count: 2 }, [0, latencyUs]);
      const outside = connection({ ...leg(to(CLIENT, HOST, PUBLISHED_PORT), 5), count: 2 }, [latencyUs, 0]);
      const missed = leg({ ...to("10.0.2.9", HOST, PUBLISHED_PORT), clientPort: port + 10 }, 6);
      return { inside, outside: merged(outside, connection({ ...missed, startUs: of.startUs + 3 * of.everyUs })) };
    }
    case "proxied":
    case "proxied late":
    default: {
      const dialUs = kind === "proxied" ? latencyUs : 300_000;
      const dialled = leg({ client: BRIDGE, server: CONTAINER, clientPort: port + 100, serverPort: 8000 }, 8);
      return {
        inside: connection({ ...dialled, startUs: of.startUs + dialUs }),
        // what the server says comes out once it has been said inside
        outside: connection(leg(to(CLIENT, HOST, 8080), 7), [dialUs + latencyUs, 0]),
      };
    }
  }
}

/** Local conversations, some of them proxied. */
export const locals: fc.Arbitrary<Sides> = fc.array(unforwarded, { maxLength: 6 }).map((some) => {
  const all = some.map(sidesOf);
  return {
    inside: merged(...all.map(({ inside }) => inside)),
    outside: merged(...all.map(({ outside }) => outside)),
  };
});
