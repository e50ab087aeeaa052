import * as fc from "fast-check";
import { fragmentHeader, fragments, icmp, ipv4, ipv6, tcp, transport, udp } from "../support/packets.js";
import { simulate, spec } from "./nat-simulation.js";
import type { Stamped } from "./outcome.js";
import { conversation, HOST, merged, SERVER, type Sides, SYN } from "./traffic.js";
import { locals } from "./unforwarded.js";

const MSS = 1448;
const ROUTER = "10.0.2.1";
const SERVER6 = "2001:db8::11";
/** SERVER as NAT64 writes it. */
const SERVER64 = "64:ff9b::b465:310b";

/** A conversation whose translation is soon known, of which every so many packets are lost on their way. */
interface Busy {
  readonly count: number;
  readonly startUs: number;
  readonly everyUs: number;
  readonly lostEvery: number;
}

const SCENES = [
  "cut",
  "merged",
  "single",
  "acknowledgement",
  "opening",
  "datagram",
  "datagram",
  "datagram",
  "fragments",
  "fragments6",
  "forwarded6",
  "nat64",
  "error",
] as const;

/** What happens in the first busy conversation, or beside it, that takes more than a comparison of two packets. */
interface Scene {
  readonly kind: (typeof SCENES)[number];
  readonly atUs: number;
  readonly latencyUs: number;
  /** Which of a few contents it has. */
  readonly content: number;
  readonly pieces: number;
  readonly ipId: number;
  readonly isLost: boolean;
  /** Datagrams: whose they are, and whether they go back. */
  readonly container: number;
  readonly isBack: boolean;
  /** How often it happens, with this much time between. */
  readonly times: number;
  readonly everyUs: number;
}

const busy: fc.Arbitrary<Busy> = fc.record({
  count: fc.integer({ min: 0, max: 200 }),
  startUs: fc.nat(1_000_000),
  everyUs: fc.oneof(fc.integer({ min: 5, max: 200 }), fc.integer({ min: 1000, max: 50_000 })),
  lostEvery: fc.constantFrom(5, 37, 1000),
});

const scene: fc.Arbitrary<Scene> = fc.record({
  kind: fc.constantFrom(...SCENES),
  atUs: fc.oneof(fc.nat(500), fc.nat(20_000), fc.nat(2_000_000)),
  latencyUs: fc.oneof({ arbitrary: fc.nat(100), weight: 4 }, fc.nat(400_000)),
  content: fc.nat(2),
  pieces: fc.integer({ min: 1, max: 4 }),
  ipId: fc.oneof(fc.constant(0), fc.constantFrom(700, 701), fc.integer({ min: 1, max: 60_000 })),
  isLost: fc.nat(4).map((n) => n === 0),
  container: fc.nat(1),
  isBack: fc.boolean(),
  times: fc.integer({ min: 1, max: 4 }),
  everyUs: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 100_000 })),
});

const containerOf = (n: number): string => `172.17.0.${20 + n}`;
const portOf = (n: number): number => 33_000 + n;

function busySides({ count, startUs, everyUs, lostEvery }: Busy, n: number): Sides {
  const of = { startUs, everyUs, srcPort: portOf(n), insideSrc: containerOf(n), seed: n + 1 };
  const { inside, outside } = conversation(count, of);
  const left = (_: Stamped, at: number): boolean => at % (2 * lostEvery) !== 2 * lostEvery - 2;
  return { inside: inside.filter((_, at) => at % 2 === 0 || left(_, at + 1)), outside: outside.filter(left) };
}

/** What a scene's packets are inside and outside. */
function packetsOf({ kind, content, pieces, ipId, container, isBack }: Scene, isInside: boolean): Uint8Array[] {
  const [src, ttl] = isInside ? [containerOf(0), 64] : [HOST, 63];
  const header = { src, dst: SERVER, ttl, df: true };
  const data = (from: number, segments: number, id: number) => {
    const numbers = { seq: 7_000_000 + (content + from) * MSS, ack: 9_000_000 };
    const payload = new Uint8Array(segments * MSS);
    return ipv4({ ...header, id }, tcp({ srcPort: portOf(0), dstPort: 80, ...numbers, payload }));
  };
  const whole = () => [data(0, pieces, ipId)];
  const cut = () => Array.from({ length: pieces }, (_, k) => data(k, 1, ipId === 0 ? 0 : ipId + k));
  const query = (bytes: number) =>
    udp({ srcPort: 5000, dstPort: 5000, payload: new Uint8Array(bytes).fill(content + 1) });
  const six = { src: isInside ? "fd00:17::2" : "fd00:2::15", dst: SERVER6, hopLimit: ttl };
  switch (kind) {
    case "cut":
      return isInside ? whole() : cut();
    case "merged":
      return isInside ? cut() : whole();
    case "single":
      return [data(0, 1, ipId)];
    case "acknowledgement":
      return [data(0, 0, ipId)];
    case "opening": {
      const ports = { srcPort: isBack ? 80 : portOf(0), dstPort: isBack ? portOf(0) : 80 };
      const ends = isBack ? { src: SERVER, dst: src, ttl: isInside ? 63 : 64 } : header;
      return [ipv4({ ...ends, id: ipId }, tcp({ ...ports, seq: 1000 * content, ack: 0, flags: SYN }))];
    }
    case "datagram": {
      // of the two containers' equal ports, the NAT has to change one
      const [own, ownPort] = isInside ? [containerOf(container), 5000] : [HOST, container === 0 ? 5000 : 61_000];
      const ends = isBack ? { src: SERVER, dst: own, ttl: isInside ? 63 : 64 } : { ...header, src: own };
      const ports = isBack ? { srcPort: 5000, dstPort: ownPort } : { srcPort: ownPort, dstPort: 5000 };
      return [ipv4({ ...ends, df: true, id: ipId }, udp({ ...ports, payload: Buffer.from(`beat ${content}`) }))];
    }
    case "fragments": {
      const datagram = ipv4({ ...header, df: false, id: ipId + content + 1 }, query(2000));
      return isInside && pieces > 1 ? [datagram] : fragments(datagram, 1500);
    }
    case "fragments6": {
      const datagram = ipv6(six, query(2000));
      if (isInside) return [datagram];
      const bytes = datagram.subarray(40);
      return [0, 1448].map((offset) => {
        const extensions = [fragmentHeader({ offset, more: offset === 0, id: ipId + content })];
        return ipv6({ ...six, extensions }, transport(17, bytes.subarray(offset, offset === 0 ? 1448 : undefined)));
      });
    }
    case "forwarded6":
      return [ipv6(six, query(pieces))];
    case "nat64":
      return isInside ? [ipv6({ ...six, dst: SERVER64 }, query(pieces))] : [ipv4({ ...header, id: 0 }, query(pieces))];
    case "error":
    default: {
      const quoted = ipv4({ ...header, id: content + 1 }, tcp({ srcPort: portOf(0), dstPort: 80, seq: content }));
      const back = { src: ROUTER, dst: src, ttl: isInside ? 63 : 64, id: ipId };
      return [ipv4(back, icmp({ type: 3, code: 1, payload: quoted.subarray(0, 28) }))];
    }
  }
}

function sceneSides(scene: Scene): Sides {
  const stamped = (packets: Uint8Array[], atUs: number): Stamped[] =>
    Array.from({ length: scene.times }, (_, n) =>
      packets.map((packet, k) => ({ ns: (atUs + n * scene.everyUs + k) * 1000, packet })),
    ).flat();
  const canGoBack = scene.kind === "opening" || scene.kind === "datagram";
  const isInbound = scene.kind === "error" || (canGoBack && scene.isBack);
  const enteredUs = scene.atUs;
  const leftUs = enteredUs + scene.latencyUs;
  const inside = stamped(packetsOf(scene, true), isInbound ? leftUs : enteredUs);
  const outside = stamped(packetsOf(scene, false), isInbound ? enteredUs : leftUs);
  if (!scene.isLost) return { inside, outside };
  return isInbound ? { inside: [], outside } : { inside, outside: [] };
}

/** All of `nat-simulation`, conversations that have little to do with it, scenes of one of them, and what nobody forwards. */
export const mixed: fc.Arbitrary<Sides> = fc
  .record({
    spec: fc.option(spec, { freq: 3 }),
    busy: fc.array(busy, { maxLength: 3 }),
    scenes: fc.array(scene, { maxLength: 25 }),
    local: fc.option(locals, { freq: 2 }),
  })
  .map(({ spec, busy, scenes, local }) => {
    const simulated: Sides[] = spec === null ? [] : [simulate(spec)];
    const all = [...simulated, ...busy.map(busySides), ...scenes.map(sceneSides), ...(local === null ? [] : [local])];
    return {
      inside: merged(...all.map(({ inside }) => inside)),
      outside: merged(...all.map(({ outside }) => outside)),
    };
  });

/** A frame that comes this much later in a capture than its stamp says. */
interface Straggler {
  readonly at: number;
  readonly by: number;
}

export const stragglers: fc.Arbitrary<readonly Straggler[]> = fc.oneof(
  { arbitrary: fc.constant([]), weight: 2 },
  fc.array(fc.record({ at: fc.nat(1000), by: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.nat(60)) }), {
    maxLength: 10,
  }),
);

/** The frames in another order, each with its own stamp. */
export function disordered(frames: readonly Stamped[], stragglers: readonly Straggler[]): Stamped[] {
  const late = [...frames];
  if (late.length === 0) return late;
  for (const { at, by } of stragglers) {
    const [frame] = late.splice(at % late.length, 1);
    late.splice((at % (late.length + 1)) + by, 0, frame);
  }
  return late;
}
