/** What `Decoder` and `assembly/decode.ts` pass to each other: the words of a block. Columns are a `FrameBatch`'s, by address. */
export const WORDS = 26;

export const COUNT = 0;
export const DATA = 1;
export const START = 2;
export const CAPTURED = 3;
export const ORIGINAL = 4;
export const FRAME = 5;
export const IFACE = 6;
export const TIME_NS = 7;
/** The link type of each interface, a word, and how many interfaces there are. */
export const LINK_TYPES = 8;
export const INTERFACES = 9;
/** Bytes of a datagram, from the IP header on: what the key takes of it, … */
export const LIMIT = 10;
/** … and how far headers are read, which is no less. */
export const HEADER_LIMIT = 19;
/** The `PacketBatch` to fill: how many rows and quotes it has, before and after, and 1 where the rows' stamps never go back. */
export const BATCH = 11;
export const ROWS = 12;
export const QUOTES = 13;
export const IS_IN_ORDER = 14;

/** What else came of it: frames that are not IP, and packets decoded from fewer bytes than the wire had. */
export const NOT_IP = 15;
export const CUT = 16;
/** Doubles, at half the word: stamps of the earliest and of the latest frame, IP or not; infinite where there is none. */
export const FIRST_NS = 10;
export const LAST_NS = 11;
/** Frames that could not be decoded: how many, and where they are listed, each by its index in the batch and the reason. */
export const UNDECODED = 17;
export const REASONS = 18;

/** The program of the pcap filter for each interface, by its address; 0 where it selects no frame, or there is none. */
export const PROGRAMS = 25;
/** A program begins with as many words that it may keep something in (BPF_MEMWORDS in libpcap's pcap/bpf.h); its code follows. */
export const SCRATCH_WORDS = 16;

/** Where `ipHeaders` puts what it finds, a word a frame. */
export const IP_HEADERS = 24;

/** No packet counts for longer: more than a host hands over as one (Linux: 512 KiB), and sums of addresses stay small integers. */
export const MOST_BYTES = 1 << 30;
