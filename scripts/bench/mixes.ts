import { BUSY, PLAIN, type Scenario } from "./scenarios.js";

/** Packets a side, about: enough that what it takes to start does not matter. */
const PACKETS = 600_000;
/** What containers of a busy host say to others, and nothing else. */
const CONVERSATIONS = { tcp: 60, published: 20, dns: 8, stream: 8, ping: 1 };

function mixes(table: Record<string, Partial<Scenario> & { about: string }>): ReadonlyMap<string, Scenario> {
  const common: Partial<Scenario> = {
    ...BUSY,
    actors: 2000,
    packets: PACKETS,
    mix: CONVERSATIONS,
    responseSegments: 16,
  };
  return new Map(Object.entries(table).map(([name, changes]) => [name, { ...PLAIN, ...common, ...changes }]));
}

/** Kinds of traffic that natcorr must not be slow on, by name. All are whole packets of a busy host, unless they say otherwise. */
export const MIXES = mixes({
  "with-ids": { about: "TCP with IP IDs, nothing unpaired", mix: { tcp: 60, published: 20 }, zeroIpId: 0, loss: 0 },
  "local-5": {
    about: "one conversation of 20 does not cross the host",
    mix: { ...CONVERSATIONS, local: 2.5, host: 2.5 },
  },
  "local-20": { about: "one of 5 does not", mix: { ...CONVERSATIONS, local: 12, host: 12 } },
  "no-id-20": { about: "20 % without IP ID", zeroIpId: 0.2 },
  "no-id": { about: "all without IP ID", zeroIpId: 1 },
  heartbeats: {
    about: "equal datagrams, with and without IP ID",
    mix: { tcp: 60, beat: 60, beatWithId: 60 },
    zeroIpId: 0.2,
  },
  everything: {
    about: "all of that at once",
    mix: { ...CONVERSATIONS, beat: 4, beatWithId: 4, local: 3, host: 3, arp: 1 },
    zeroIpId: 0.2,
  },
  ipv6: { about: "IPv6, forwarded as it is", ipv6: 1 },
  "ipv6-masqueraded": { about: "IPv6, masqueraded", ipv6: 1, ipv6Masquerade: true },
  "ipv6-half": { about: "half of it IPv6", ipv6: 0.5 },
  "dual-stack": {
    about: "half of it IPv6, and 30 % the host's own",
    ipv6: 0.5,
    mix: { ...CONVERSATIONS, host: 42 },
  },
  retransmissions: { about: "every tenth segment is lost further on, and sent again", farLoss: 0.1 },
  "loss-5": { about: "5 % lost in FORWARD", loss: 0.05 },
  "flows-200": { about: "200 flows at a time", actors: 200 },
  "flows-20000": { about: "20,000 flows at a time", actors: 20_000 },
  "flows-1000000": {
    about: "a million flows at a time, each with a packet every six seconds",
    actors: 1_000_000,
    gapNs: 6e9,
    packets: 4_000_000,
  },
  clocks: { about: "two clocks, 2.34 s apart, one 80 ppm fast", clockOffsetS: 2, clockOffsetNs: 3.4e8, driftPpm: 80 },
  scans: {
    about: "a flow for each packet, no answers",
    mix: { scan: 1 },
    servers: 2000,
    containers: 500,
  },
  dns: { about: "two questions and two answers a flow", mix: { dns: 1 } },
  offload: {
    about: "TCP segments longer than what a wire takes, alike on both sides",
    segmentBytes: 2896,
  },
  cut: { about: "TCP segments that are cut on one side (TSO, GSO, GRO)", mix: { bulk: 10, tcp: 2, dns: 1 } },
  elephant: { about: "one flow", actors: 1, gapNs: 1e5, mix: { tcp: 1 }, responseSegments: 1e9 },
  "snaplen-96": { about: "96 bytes kept of each packet", insideSnaplen: 96, outsideSnaplen: 96 },
});
