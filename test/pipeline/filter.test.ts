/**
 * A pcap filter selects the frames that libpcap selects with it, of those that hold an IP packet: others have no row to be marked. libpcap
 * runs the program by its own interpreter, which is tcpdump's.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { FilterError } from "../../src/capture/errors.js";
import { openCapture } from "../../src/capture/open.js";
import { Heap } from "../../src/packets/memory/heap.js";
import { batchIn } from "../../src/packets/batches/packet-batch.js";
import { IS_SELECTED } from "../../src/packets/packets.js";
import { Tally } from "../../src/packets/batches/source.js";
import { IPV4, IPV6, LOOP, NULL, PPP, PPPOE, RAW, SLL, SLL2 } from "../../src/protocols/link-types.js";
import { frameFilter } from "../../src/pipeline/compile-filter.js";
import { ERROR_BYTES, koffi, libpcap, loadLibpcap, textIn } from "../../src/capture/live/libpcap.js";
import { programsOf } from "../../src/pipeline/frame-filter.js";
import { Decoder, NO_LIMITS } from "../../src/wire/decode.js";
import { concat, ethernet, hex, ipv4, ipv6, tcp, udp } from "../support/packets.js";
import { pcap, type PcapFrame } from "../support/pcap.js";

const FILTERS = [
  "ip",
  "ip6",
  "tcp",
  "udp",
  "icmp",
  "icmp6",
  "arp",
  "not tcp",
  "host 172.17.0.2",
  "src host 172.17.0.2",
  "dst 180.101.49.11",
  "net 172.17.0.0/16",
  "not net 172.17.0.0/16 and ip",
  "src net 10.0.0.0/8 and tcp",
  "host fd00:17::2",
  "ip6 net fd00::/8",
  "port 80",
  "src port 53",
  "tcp dst port 80",
  "udp portrange 1000-6000",
  "host 172.17.0.2 and (udp port 53 or tcp port 80)",
  "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
  "tcp[13] = 0x12",
  "icmp[icmptype] = icmp-echo",
  "icmp[0] = 3 or icmp[0] = 11",
  "ip[6:2] & 0x1fff != 0",
  "ip[6] & 0x20 != 0",
  "ip[8] < 64",
  "len > 100",
  "greater 1000",
  "less 60",
  "ip[2:2] > 1000 and len < 1200",
  "ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) = 0 and tcp",
  "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420",
  "ip[4:2] % 3 = 1",
  "len / 7 = 12 or len / 0x10 = 4",
  "60 / (ip[9] - 6) > 1 or 60 % (17 - ip[9]) > 1",
  "100 + -ip[8] > 30 and ip[8] * 2 < 130",
  "(ip[12] ^ ip[16]) & 1 = 1",
  "udp[8:4] = udp[12:4]",
  "ip proto 47 or ip6 proto 58",
  "ip6[6] = 58 and ip6[40] = 128",
  "ip6 protochain 17",
  "ether host 02:42:ac:11:00:02",
  "ether[0] & 1 = 1",
  "vlan",
  "vlan 5 and host 172.17.0.2",
  "vlan and vlan 7",
  "inbound",
  "mpls",
  "pppoes and ip",
  "ifindex 3",
  "ip multicast or ether multicast",
  "(tcp or udp) and not port 53 and (src 172.17.0.2 or dst 172.17.0.2 or ip6)",
];

const FIXTURES = ["mixed/inside", "fragments/outside", "ipv6/inside", "nat64/outside"];

const PACKETS = [
  ipv4({ src: "172.17.0.2", dst: "180.101.49.11" }, tcp({ srcPort: 40_000, dstPort: 80, payload: hex("47455420 2f") })),
  ipv4(
    { src: "172.17.0.3", dst: "180.101.49.11", ttl: 7 },
    udp({ srcPort: 5353, dstPort: 53, payload: hex("00".repeat(40)) }),
  ),
  ipv6({ src: "fd00:17::2", dst: "fd00:17::9" }, udp({ srcPort: 5353, dstPort: 80 })),
];
/** UDP behind an authentication header (RFC 4302), through which libpcap's programs go by copying from X to A. */
const AUTHENTICATED = ipv6(
  { extensions: [{ type: 51, bytes: concat(hex("04 0000"), new Uint8Array(20)) }] },
  udp({ srcPort: 5353, dstPort: 80 }),
);
const [V4, , V6] = PACKETS;

const sll = (type: number, packet: Uint8Array): Uint8Array =>
  concat(hex("0004 0001 0006 0242ac110002 0000"), Uint8Array.of(type >> 8, type & 0xff), packet);
const sll2 = (type: number, ifindex: number, packet: Uint8Array): Uint8Array =>
  concat(
    Uint8Array.of(type >> 8, type & 0xff),
    hex("0000 000000"),
    Uint8Array.of(ifindex),
    hex("0001 04 06 0242ac1100020000"),
    packet,
  );
const typeOf = (packet: Uint8Array): number => (packet[0] >> 4 === 6 ? 0x86dd : 0x0800);
const tagged = (tags: string): Uint8Array[] =>
  PACKETS.map((packet) =>
    concat(hex(`0242ac110002 0242ac110003 ${tags} ${typeOf(packet).toString(16).padStart(4, "0")}`), packet),
  );

/** Link types, and what frames begin with there. */
const LINKS: readonly (readonly [name: string, linkType: number, frames: readonly Uint8Array[]])[] = [
  [
    "ethernet-tagged",
    1,
    [...tagged("8100 0005"), ...tagged("88a8 0007 8100 0005"), ...PACKETS.map((packet) => ethernet(packet))],
  ],
  ["ethernet-mpls", 1, [concat(hex("0242ac110002 0242ac110003 8847 00010140"), V4)]],
  ["ethernet-pppoe", 1, [concat(hex("0242ac110002 0242ac110003 8864 1100 0001 0040 0021"), V4)]],
  ["sll", SLL, PACKETS.map((packet) => sll(typeOf(packet), packet))],
  [
    "sll2",
    SLL2,
    PACKETS.flatMap((packet, at) => [sll2(typeOf(packet), at + 1, packet), sll2(typeOf(packet), 3, packet)]),
  ],
  ["raw", RAW, [...PACKETS, AUTHENTICATED]],
  ["ipv4", IPV4, [V4]],
  ["ipv6", IPV6, [V6]],
  ["null", NULL, [concat(hex("02000000"), V4), concat(hex("0a000000"), V6)]],
  ["loop", LOOP, [concat(hex("00000002"), V4), concat(hex("0000000a"), V6)]],
  ["ppp", PPP, [concat(hex("ff03 0021"), V4), concat(hex("ff03 0057"), V6)]],
  ["pppoe", PPPOE, [concat(hex("1100 0001 0040 0021"), V4)]],
];

/** struct bpf_program: how many instructions, and where. */
const PROGRAM_BYTES = 16;
/** PCAP_NETMASK_UNKNOWN. pcap/pcap.h */
const UNKNOWN_NETMASK = 0xffff_ffff;
const fopen = koffi().load(null).func("void *fopen(const char *, const char *)");
const offlineFilter = loadLibpcap().func("int pcap_offline_filter(void *, void *, void *)");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "natcorr-"));
  for (const [name, linkType, frames] of LINKS) {
    // whole, and cut at every byte of the headers
    const cuts = frames.flatMap((frame) =>
      Array.from({ length: 25 }, (_, at) => (at === 0 ? frame : frame.subarray(0, 17 + at * 3))),
    );
    const all: PcapFrame[] = cuts.map((frame, at) => ({
      timeNs: 1_700_000_000_000_000_000n + BigInt(at),
      frame,
      original: frame.length + (at % 25 === 0 ? 0 : 40),
    }));
    writeFileSync(join(folder, `${name}.pcap`), pcap(all, { linkType }));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The records of a classic pcap file, each with its header. */
function records(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 24; at < file.length; at += 16 + file.readUInt32LE(at + 8))
    found.push(file.subarray(at, at + 16 + file.readUInt32LE(at + 8)));
  return found;
}

/** What libpcap itself makes of each filter: the numbers of the frames it selects, or that it refuses it. pcap(3PCAP) */
function byLibpcap(path: string): (number[] | "refused")[] {
  const pcap = libpcap();
  const file = fopen(path, "r");
  const errors = Buffer.alloc(ERROR_BYTES);
  const handle = pcap.openOffline(file, errors);
  if (handle === null) throw new Error(textIn(errors));
  const frames = records(readFileSync(path)).map((record) => {
    // struct pcap_pkthdr: a time, which no filter asks for, and both lengths
    const header = Buffer.concat([Buffer.alloc(16), record.subarray(8, 16)]);
    return { header, bytes: record.subarray(16) };
  });
  const found = FILTERS.map((filter) => {
    const program = Buffer.alloc(PROGRAM_BYTES);
    if (pcap.compile(handle, program, filter, 1, UNKNOWN_NETMASK) !== 0) return "refused" as const;
    const isSelected = frames.map(({ header, bytes }) => offlineFilter(program, header, bytes) !== 0);
    pcap.freeCode(program);
    return [...isSelected.keys()].filter((at) => isSelected[at]).map((at) => at + 1);
  });
  pcap.close(handle);
  return found;
}

/** Programs for each filter: compiled once, as they are the same for all captures. */
const compiled = new Map<string, ReturnType<typeof frameFilter>>();
function compiledOnce(filter: string): ReturnType<typeof frameFilter> {
  const found = compiled.get(filter) ?? frameFilter(filter);
  compiled.set(filter, found);
  return found;
}

/** The same by natcorr, and all frames that it has rows of. */
async function byNatcorr(path: string, filter: string): Promise<{ selected: number[] | string; decoded: Set<number> }> {
  const heap = new Heap();
  const decoded = new Set<number>();
  let refusal: string | undefined;
  let decoder;
  try {
    decoder = new Decoder(
      heap,
      programsOf(await compiledOnce(filter), (text) => (refusal = text)),
    );
  } catch (error) {
    // libpcap takes it for no link type
    if (!(error instanceof FilterError)) throw error;
    return { selected: error.message, decoded };
  }
  const source = await openCapture(path, { onWarning: () => {}, heap });
  const out = batchIn(heap);
  const selected: number[] = [];
  for (let frames = await source.next(); frames !== null; frames = await source.next()) {
    out.clear();
    decoder.decode(frames, source.interfaces, NO_LIMITS, out, new Tally());
    for (let row = 0; row < out.count; row++) {
      decoded.add(out.frame(row));
      if ((out.flags(row) & IS_SELECTED) !== 0) selected.push(out.frame(row));
    }
  }
  await source.close();
  return { selected: refusal ?? selected, decoded };
}

describe("a filter selects what libpcap selects", () => {
  const paths = [
    ...FIXTURES.map((name) => [name, join(import.meta.dirname, `../../fixtures/${name}.pcap`)] as const),
    ...LINKS.map(([name]) => [name, `${name}.pcap`] as const),
  ];

  it.each(paths)("of %s", async (_, at) => {
    const path = at.startsWith("/") ? at : join(folder, at);
    let most = 0;
    for (const [n, told] of byLibpcap(path).entries()) {
      const filter = FILTERS[n];
      const { selected, decoded } = await byNatcorr(path, filter);
      // each says in words of its own why there is nothing to select
      const expected = told === "refused" ? told : told.filter((frame) => decoded.has(frame));
      expect([filter, typeof selected === "string" ? "refused" : selected]).toEqual([filter, expected]);
      most = Math.max(most, expected.length);
    }
    // an oracle that says nothing would be no test
    expect(most).toBeGreaterThan("refused".length);
  });
});

it("a name that nobody knows is looked up once", async () => {
  const opened = vi.spyOn(libpcap(), "openOffline");
  await expect(frameFilter("host nobody.invalid")).rejects.toThrow(/^filter 'host nobody.invalid': unknown host/);
  expect(opened).toHaveBeenCalledOnce();
  opened.mockRestore();
});

it("what is waited for is said where names take long", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const said: string[] = [];
    const compiling = frameFilter("tcp", (text) => said.push(text));
    vi.advanceTimersByTime(2000);
    expect(said).toEqual(["filter 'tcp': waiting for its names to be looked up (DNS)"]);
    await compiling;
    await frameFilter("tcp", (text) => said.push(text));
    vi.advanceTimersByTime(2000);
    expect(said).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});
