import { double, field, flag, size, sizeBits, word } from "../packets/memory/layout.js";

/** What `Decoder` and `assembly/decode.ts` pass to each other: the words of a block. Columns are a `FrameBatch`'s, by address. */
export const WORDS = size();

export const COUNT = word();
export const DATA = word();
export const START = word();
export const CAPTURED = word();
export const ORIGINAL = word();
export const FRAME = word();
export const IFACE = word();
export const TIME_NS = word();
/** What is known of the link type of each interface, as `linkBy` has it, a word, and how many interfaces there are. */
export const LINKS = word();
export const INTERFACES = word();
/** Bytes of a datagram, from the IP header on: what the key takes of it, … */
export const LIMIT = word();
/** … and how far headers are read, which is no less. */
export const HEADER_LIMIT = word();
/** The `PacketBatch` to fill: how many rows, frames without one, quotes and outer packets it has, before and after, and 1 where the rows' stamps never go back. */
export const BATCH = word();
export const ROWS = word();
export const ROWLESS = word();
export const QUOTES = word();
export const OUTERS = word();
export const IS_IN_ORDER = word();

/** 1 where packets are looked at that come in tunnels, in place of those that carry them. */
export const OPENS_TUNNELS = word();

/** Where the table of senders is, 0 for none. */
export const SENDERS = word();

/** Where what DNS answers said is to go, 0 where nobody asks, and how many bytes of it came. */
export const ANSWERS = word();
export const HEARD = word();

/** What else came of it: frames that are not IP, and packets decoded from fewer bytes than the wire had. */
export const NOT_IP = word();
export const CUT = word();
/** Doubles, at half the word: stamps of the earliest and of the latest frame, IP or not; infinite where there is none. */
export const FIRST_NS = double();
export const LAST_NS = double();
/** Frames that could not be decoded: how many, and where they are listed. */
export const UNDECODED = word();
export const REASONS = word();

/** The program of the pcap filter for each interface, by its address; 0 where it selects no frame, or there is none. */
export const PROGRAMS = word();
/** A program begins with as many words that it may keep something in (BPF_MEMWORDS in libpcap's pcap/bpf.h); its code follows. */
export const SCRATCH_WORDS = 16;

/** Where `ipHeaders` puts what it finds, a word a frame. */
export const IP_HEADERS = word();

/** A frame that could not be decoded: its index in the batch, and the reason. */
export const UNDECODED_BITS = sizeBits();
export const UNDECODED_INDEX = word();
export const UNDECODED_REASON = word();

/** A sender: the key of its last packet, two words, and its address. There are so many entries, a power of two; one may be of several senders. */
export const SENDER_BITS = sizeBits();
export const LAST_KEY = double();
export const ADDRESS = word();
/** The ID of that packet; and whether two packets had it, of different keys. Those of equal ones may be one, seen twice. */
export const LAST_ID = word();
export const [, LAST_ID_MASK] = field(16);
export const IS_SHARED = flag();
export const SENDERS_BITS = 12;
