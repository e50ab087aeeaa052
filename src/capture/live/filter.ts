import { endianness } from "node:os";
import { MOST_SNAPLEN } from "../../protocols/link-types.js";
import { CaptureError, FilterError } from "../errors.js";
import { ERROR_BYTES, koffi, libpcap, type Libpcap, type Pointer, textIn } from "./libpcap.js";

/** PCAP_NETMASK_UNKNOWN, pcap/pcap.h. */
const NETMASK_UNKNOWN = 0xffffffff;
/** struct bpf_program: how many instructions there are, and a pointer to them. */
const PROGRAM_BYTES = 16;
const POINTER_AT = 8;
/** struct bpf_insn. */
const INSTRUCTION_WORDS = 2;

/** A classic capture's header in the byte order of the host, draft-ietf-opsawg-pcap: magic, version 2.4, snaplen, and link type. */
const headerOf = (linkType: number): Uint32Array => Uint32Array.of(0xa1b2c3d4, VERSION, 0, 0, MOST_SNAPLEN, linkType);
const VERSION = endianness() === "LE" ? 0x0004_0002 : 0x0002_0004;

/** A number that no filter can have, wherever it stands: reading it is an error of its own. */
const PROBE = "99999999999999";

/**
 * A pcap filter's program for frames of a link type (LINKTYPE_…) that come from a capture: two words an instruction. Or what libpcap says
 * against it, which may hold for that link type only.
 *
 * libpcap looks up the names in it, on another thread: that takes as long as the resolver waits for an answer.
 *
 * @throws CaptureError where libpcap is missing.
 * @throws FilterError where a name is not known: nor is it for any other link type.
 */
export async function compileFilter(text: string, linkType: number): Promise<Int32Array | FilterError> {
  const pcap = pcapForFilters();
  // of a capture's beginning: what only the kernel knows of a frame is no filter for one, and link types have a file's numbers
  const header = headerOf(linkType);
  const errors = Buffer.alloc(ERROR_BYTES);
  const file = pcap.openMemory(new Uint8Array(header.buffer), header.byteLength, "r");
  const handle = pcap.openOffline(file, errors);
  if (!handle) return new FilterError(`filter '${text}': ${textIn(errors)}`);
  const program = Buffer.alloc(PROGRAM_BYTES);
  try {
    const status = await new Promise<number>((resolve, reject) => {
      pcap.compile.async(handle, program, text, 1, NETMASK_UNKNOWN, (error: Error | null, given: number) => {
        if (error === null) resolve(given);
        else reject(error);
      });
    });
    if (status !== 0) {
      const complaint = pcap.getError(handle);
      if (UNKNOWN_NAME.test(complaint)) throw new FilterError(`filter '${text}': ${complaint}`);
      return filterError(pcap, handle, text, complaint);
    }
    const code = new Int32Array(INSTRUCTION_WORDS * program.readUInt32LE(0));
    code.set(new Int32Array(koffi().view(program.readBigUInt64LE(POINTER_AT), code.byteLength)));
    pcap.freeCode(program);
    return code;
  } finally {
    pcap.close(handle);
  }
}

/** What libpcap says of a name that nobody knows (gencode.c, gen_scode). */
const UNKNOWN_NAME = /^unknown (host|network)/;

/** Has the kernel keep what a filter does not let pass. @throws FilterError where libpcap does not take it. */
export function setFilter(pcap: Libpcap, handle: Pointer, text: string): void {
  const program = Buffer.alloc(PROGRAM_BYTES);
  const complaint = complaintAbout(pcap, handle, program, text);
  if (complaint !== undefined) throw filterError(pcap, handle, text, complaint);
  const status = pcap.setFilter(handle, program);
  pcap.freeCode(program);
  if (status !== 0) throw new FilterError(`filter '${text}': ${pcap.getError(handle)}`);
}

/** Compiles a filter into `program`, which is then to be freed; or says what libpcap has against it. */
function complaintAbout(pcap: Libpcap, handle: Pointer, program: Buffer, text: string): string | undefined {
  return pcap.compile(handle, program, text, 1, NETMASK_UNKNOWN) === 0 ? undefined : pcap.getError(handle);
}

function filterError(pcap: Libpcap, handle: Pointer, text: string, complaint: string): FilterError {
  const place = complaint.includes("syntax error") ? placeOfError(pcap, handle, text) : undefined;
  const where = place === undefined ? "" : place === "" ? ", at its end" : `, at '${place}'`;
  return new FilterError(`filter '${text}': ${complaint}${where}`);
}

/**
 * The word at which libpcap's parser gives up, "" where it wants more of them, undefined where it does not tell (before 1.10). libpcap
 * says nothing of that, but it complains of a probe behind each word that it still takes.
 */
function placeOfError(pcap: Libpcap, handle: Pointer, text: string): string | undefined {
  const isTaken = (words: string): boolean => {
    const program = Buffer.alloc(PROGRAM_BYTES);
    return complaintAbout(pcap, handle, program, `${words} ${PROBE}`)?.includes(PROBE) ?? false;
  };
  if (!isTaken("")) return undefined;
  for (const { 0: word, index } of text.matchAll(/[()]|[^\s()]+/g))
    if (!isTaken(text.slice(0, index + word.length))) return word;
  return "";
}

function pcapForFilters(): Libpcap {
  try {
    return libpcap();
  } catch (error) {
    if (error instanceof CaptureError) throw new CaptureError(`a filter needs libpcap: ${error.message}`);
    throw error;
  }
}
