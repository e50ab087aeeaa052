/** Kinds of conversation an actor may be; the keys of `Scenario.mix`. */
export const CONVERSATIONS = [
  "tcp",
  "published",
  "dns",
  "stream",
  "beat",
  "beatWithId",
  "ping",
  "local",
  "host",
  "hostPing",
  "multicast",
  "arp",
  "bulk",
  "big",
  "refused",
  "proxied",
  "scan",
] as const;
export type Conversation = (typeof CONVERSATIONS)[number];

/** What a capture pair is like. Shares are 0 … 1, mix weights are relative. */
export interface Scenario {
  readonly about: string;
  /** Frames inside, unless told otherwise; the outside has about as many. */
  readonly packets: number;
  /** Conversations going on at any moment. */
  readonly actors: number;
  /** Mean time between two turns of a conversation, ns. */
  readonly gapNs: number;
  readonly containers: number;
  readonly servers: number;
  readonly mix: Partial<Record<Conversation, number>>;
  /** TCP payload bytes of a full segment. */
  readonly segmentBytes: number;
  /** Full segments of a response at most. */
  readonly responseSegments: number;
  /** Share of packets lost between the interfaces. */
  readonly loss: number;
  /** Share of TCP packets lost where neither capture sees it, so that a retransmission follows. */
  readonly farLoss: number;
  /** How source ports and ICMP ids are translated: kept unless taken, or always drawn (MASQUERADE --random-fully). */
  readonly ports: "kept" | "random";
  /** Client ports to draw from: few make clashes. */
  readonly clientPorts: number;
  /** Share of TCP and connected UDP ends that leave the IP ID 0. */
  readonly zeroIpId: number;
  /** Share of TCP conversations with timestamps. */
  readonly timestamps: number;
  readonly ipv6: number;
  /** Whether IPv6 is translated too; otherwise it is forwarded as it is. */
  readonly ipv6Masquerade: boolean;
  readonly insideSnaplen: number;
  readonly outsideSnaplen: number;
  readonly insideNanoseconds: boolean;
  readonly outsideNanoseconds: boolean;
  /** The outside clock: whole seconds, then less than a second, ahead of the inside one; and how fast it runs away. */
  readonly clockOffsetS: number;
  readonly clockOffsetNs: number;
  readonly driftPpm: number;
  readonly reorder: number;
  readonly captureLoss: number;
  /** Share of cut datagrams that miss a fragment on a side. */
  readonly pieceLoss: number;
  /** Share of the pieces of a TCP segment that are lost behind the cut. */
  readonly segmentPieceLoss: number;
  /** How much later the outside capture starts, ns. */
  readonly outsideLateNs: number;
  /** The two captures are of two different hosts that do the same things. */
  readonly unrelated: boolean;
}

export const PLAIN: Scenario = {
  about: "",
  packets: 20_000,
  actors: 120,
  gapNs: 20e6,
  containers: 12,
  servers: 16,
  mix: { tcp: 10, dns: 4, stream: 3, ping: 3 },
  segmentBytes: 1448,
  responseSegments: 12,
  loss: 0,
  farLoss: 0.005,
  ports: "kept",
  clientPorts: 28_232,
  zeroIpId: 0.1,
  timestamps: 0.7,
  ipv6: 0,
  ipv6Masquerade: false,
  insideSnaplen: 262_144,
  outsideSnaplen: 262_144,
  insideNanoseconds: true,
  outsideNanoseconds: true,
  clockOffsetS: 0,
  clockOffsetNs: 0,
  driftPpm: 0,
  reorder: 0,
  captureLoss: 0,
  pieceLoss: 0.03,
  segmentPieceLoss: 0,
  outsideLateNs: 0,
  unrelated: false,
};

const EVERYTHING: Partial<Scenario> = {
  mix: {
    tcp: 10,
    published: 5,
    dns: 4,
    stream: 3,
    beat: 2,
    beatWithId: 2,
    ping: 3,
    local: 3,
    host: 3,
    hostPing: 1,
    multicast: 1,
    arp: 1,
  },
  loss: 0.01,
  farLoss: 0.01,
  clientPorts: 300,
  zeroIpId: 0.3,
  ipv6: 0.15,
  reorder: 0.01,
};

/** A busy host: many conversations, all kinds, hardly any trouble. */
export const BUSY: Partial<Scenario> = {
  actors: 3000,
  gapNs: 60e6,
  containers: 100,
  servers: 200,
  mix: { tcp: 60, published: 20, dns: 8, stream: 8, beatWithId: 1, ping: 1, local: 1, host: 1 },
  loss: 0.0005,
  farLoss: 0.002,
  insideNanoseconds: false,
  outsideNanoseconds: false,
};

function scenarios(table: Record<string, Partial<Scenario> & { about: string }>): ReadonlyMap<string, Scenario> {
  return new Map(Object.entries(table).map(([name, changes]) => [name, { ...PLAIN, ...changes }]));
}

/** Every kind of capture pair the benchmarks know, by name. */
export const SCENARIOS = scenarios({
  plain: { about: "containers browse, ask and ping; nothing goes wrong" },
  downloads: {
    about: "long TCP downloads in parallel, retransmissions",
    mix: { tcp: 1 },
    responseSegments: 60,
    farLoss: 0.02,
  },
  clash: {
    about: "containers want the same ports and ICMP ids",
    clientPorts: 6,
    servers: 4,
    actors: 80,
    mix: { tcp: 3, dns: 2, stream: 2, ping: 2 },
  },
  "random-ports": { about: "MASQUERADE --random-fully", ports: "random" },
  published: { about: "clients use published ports (DNAT)", mix: { published: 10, tcp: 2, dns: 1 } },
  pings: { about: "many pings of three kinds, to few servers", mix: { ping: 1 }, servers: 3, loss: 0.02 },
  heartbeats: {
    about: "identical datagrams from several containers, with and without IP ID",
    mix: { beat: 3, beatWithId: 3, dns: 1, tcp: 1 },
    servers: 3,
    loss: 0.01,
  },
  loss: { about: "10 % lost in FORWARD", loss: 0.1, farLoss: 0.03 },
  noise: {
    about: "half of it never crosses the host",
    mix: { tcp: 4, dns: 2, ping: 1, local: 4, host: 4, hostPing: 2, arp: 1 },
  },
  "no-ip-id": {
    about: "nobody sets an IP ID where it may be 0",
    zeroIpId: 1,
    loss: 0.02,
    mix: { tcp: 8, dns: 3, stream: 3, ping: 1 },
  },
  "no-timestamps": {
    about: "TCP without timestamps, without IP ID, with retransmissions",
    zeroIpId: 1,
    timestamps: 0,
    farLoss: 0.05,
    loss: 0.02,
  },
  reordered: { about: "stamps of neighbours out of order", reorder: 0.1 },
  clock: {
    about: "outside clock 2.34 s ahead and 80 ppm fast",
    clockOffsetS: 2,
    clockOffsetNs: 3.4e8,
    driftPpm: 80,
    loss: 0.01,
  },
  "clock-behind": {
    about: "outside clock three years behind and 150 ppm slow",
    clockOffsetS: -94_608_000,
    clockOffsetNs: -4e8,
    driftPpm: -150,
    loss: 0.01,
  },
  microseconds: { about: "microsecond stamps outside, nanoseconds inside", outsideNanoseconds: false },
  snaplen: { about: "96 bytes kept on both sides", insideSnaplen: 96, outsideSnaplen: 96, loss: 0.01 },
  "snaplen-outside": { about: "68 bytes kept outside, everything inside", outsideSnaplen: 68, loss: 0.01 },
  ipv6: { about: "IPv6 forwarded untranslated, beside IPv4", ipv6: 0.7, loss: 0.02 },
  "ipv6-masquerade": {
    about: "IPv6 masqueraded: no IP ID to go by",
    ipv6: 1,
    ipv6Masquerade: true,
    loss: 0.02,
    clientPorts: 300,
  },
  "capture-loss": { about: "each capture lost 3 % of its frames", captureLoss: 0.03 },
  "late-start": { about: "the outside capture starts 300 ms later", outsideLateNs: 3e8, loss: 0.01 },
  everything: { about: "all of it at once", ...EVERYTHING },
  "everything-elsewhere": {
    about: "all of it at once, captures of two hosts: clocks, snaplens, units, losses differ",
    ...EVERYTHING,
    clockOffsetS: 3600,
    clockOffsetNs: 1.2e8,
    driftPpm: 60,
    insideSnaplen: 128,
    outsideSnaplen: 96,
    outsideNanoseconds: false,
    captureLoss: 0.01,
    outsideLateNs: 1e8,
  },
  unrelated: {
    about: "two hosts browse and ping the same servers: no pair at all",
    unrelated: true,
    servers: 4,
    mix: { tcp: 5, dns: 4, ping: 5 },
  },
  "unrelated-beats": {
    about: "two hosts send the same heartbeats to the same servers: no pair at all",
    unrelated: true,
    servers: 2,
    mix: { beat: 2, beatWithId: 2, ping: 1 },
  },
  multicast: {
    about: "the host sends mDNS and SSDP out of both interfaces: no pair at all",
    mix: { multicast: 1 },
    packets: 2000,
    actors: 20,
    ipv6: 0.5,
  },
  gso: {
    about: "TCP super-segments on one side, segments on the other (TSO, GSO, GRO)",
    mix: { bulk: 10, tcp: 2, dns: 1 },
    actors: 60,
    ipv6: 0.2,
    ipv6Masquerade: true,
    farLoss: 0,
  },
  "gso-loss": {
    about: "the same with losses, retransmissions cut otherwise",
    mix: { bulk: 10, tcp: 2, dns: 1 },
    actors: 60,
    ipv6: 0.2,
    ipv6Masquerade: true,
    loss: 0.03,
    farLoss: 0.05,
    zeroIpId: 0.3,
  },
  "gso-piece-loss": {
    about: "single pieces of TCP super-segments lost behind the cut, and sent again alone, or with what follows",
    mix: { bulk: 10, tcp: 2, dns: 1 },
    actors: 60,
    ipv6: 0.2,
    ipv6Masquerade: true,
    loss: 0.01,
    farLoss: 0.02,
    segmentPieceLoss: 0.02,
    zeroIpId: 0.3,
  },
  fragments: {
    about: "datagrams over the MTU, cut otherwise on each side or on one alone",
    mix: { big: 10, dns: 2, ping: 1, tcp: 1 },
    actors: 60,
    ipv6: 0.3,
    ipv6Masquerade: true,
    loss: 0.01,
  },
  "icmp-errors": {
    about: "errors of the far end, of routers, of containers, and of the host itself",
    mix: { refused: 10, dns: 2, ping: 2, tcp: 2, published: 1 },
    actors: 60,
    ipv6: 0.2,
    ipv6Masquerade: true,
    loss: 0.01,
  },
  "docker-proxy": {
    about: "clients of docker-proxy, IPv4 and IPv6, some with the same requests: no pair among them",
    mix: { proxied: 10, published: 2, tcp: 2, dns: 1 },
    actors: 30,
  },
  "hard-mix": {
    about: "everything, with super-segments, fragments, ICMP errors and docker-proxy among it",
    ...EVERYTHING,
    mix: { ...EVERYTHING.mix, bulk: 4, big: 4, refused: 4, proxied: 3 },
    ipv6Masquerade: true,
  },
  "full-size": {
    about: "for speed: packets of 750 bytes on average",
    ...BUSY,
    packets: 1_000_000,
    responseSegments: 16,
  },
  "small-packets": {
    about: "for speed: 96 bytes kept of each packet",
    ...BUSY,
    packets: 5_000_000,
    insideSnaplen: 96,
    outsideSnaplen: 96,
  },
});

/** @throws Error where there is none of this name. */
export function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.get(name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return scenario;
}
