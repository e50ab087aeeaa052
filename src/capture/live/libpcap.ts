import { createRequire } from "node:module";
import type { KoffiFunc, LibraryHandle } from "koffi";
import { CaptureError, messageOf } from "../errors.js";

/** An address in native memory; 0n and null are both no address. */
export type Pointer = bigint | null;

type Native<Call extends (...args: never[]) => unknown> = KoffiFunc<Call>;

/** The few functions of libpcap and of the C library that capturing and filters need. */
export interface Libpcap {
  /** Takes the file over, which is closed with the handle. */
  readonly openOffline: Native<(file: Pointer, errors: Buffer) => Pointer>;
  readonly create: Native<(name: string, errors: Buffer) => Pointer>;
  readonly setSnaplen: Native<(handle: Pointer, bytes: number) => number>;
  readonly setBufferSize: Native<(handle: Pointer, bytes: number) => number>;
  readonly setTimeout: Native<(handle: Pointer, ms: number) => number>;
  readonly setPromisc: Native<(handle: Pointer, isOn: number) => number>;
  readonly setTstampPrecision: Native<(handle: Pointer, precision: number) => number>;
  readonly activate: Native<(handle: Pointer) => number>;
  readonly setNonblock: Native<(handle: Pointer, isOn: number, errors: Buffer) => number>;
  readonly compile: Native<
    (handle: Pointer, program: Buffer, filter: string, optimize: number, netmask: number) => number
  >;
  readonly setFilter: Native<(handle: Pointer, program: Buffer) => number>;
  readonly freeCode: Native<(program: Buffer) => void>;
  readonly snapshot: Native<(handle: Pointer) => number>;
  readonly dispatch: Native<(handle: Pointer, frames: number, callback: Pointer, user: Pointer) => number>;
  readonly stats: Native<(handle: Pointer, into: Uint32Array) => number>;
  readonly fileNumber: Native<(handle: Pointer) => number>;
  readonly getError: Native<(handle: Pointer) => string>;
  readonly statusText: Native<(status: number) => string>;
  readonly close: Native<(handle: Pointer) => void>;
  readonly findAllDevices: Native<(list: Pointer[], errors: Buffer) => number>;
  readonly freeAllDevices: Native<(list: Pointer) => void>;
  /** 0 where there is no such interface. */
  readonly interfaceIndex: Native<(name: string) => number>;
  readonly dumpOpen: Native<(handle: Pointer, file: Pointer) => Pointer>;
  readonly dumpPosition: Native<(dumper: Pointer) => number>;
  readonly dumpFlush: Native<(dumper: Pointer) => number>;
  readonly dumpClose: Native<(dumper: Pointer) => void>;
  /** The address of pcap_dump itself, to be handed to `dispatch`. */
  readonly dump: Pointer;
  readonly ioctl: Native<(file: number, request: number, type: "void *", argument: Buffer) => number>;
  readonly openMemory: Native<(memory: Uint8Array, bytes: number, mode: string) => Pointer>;
  readonly rewind: Native<(file: Pointer) => void>;
}

/** libpcap writes its errors into this many bytes. pcap/pcap.h */
export const ERROR_BYTES = 256;

/** Debian and Ubuntu; Fedora, Arch and Alpine; whatever libpcap-dev links. */
const LIBPCAP_NAMES = ["libpcap.so.0.8", "libpcap.so.1", "libpcap.so"];

let loaded: Libpcap | undefined;

/** Loads libpcap when first asked. Throws CaptureError where it is missing. */
export function libpcap(): Libpcap {
  return (loaded ??= bind(loadLibpcap(), koffi().load(null)));
}

/** Loads koffi when first asked, so that reading files needs no native code. Throws CaptureError where it does not run. */
export function koffi(): typeof import("koffi") {
  if (process.platform !== "linux")
    throw new CaptureError(
      `natcorr calls libpcap on Linux only, not on ${process.platform}; capture and filter with tcpdump there`,
    );
  try {
    const module: typeof import("koffi") = createRequire(import.meta.url)("koffi");
    return module;
  } catch (error) {
    throw new CaptureError(
      `koffi, which calls libpcap, does not load: ${messageOf(error)}; for capturing, try --engine cap`,
    );
  }
}

/** The library itself, for functions beside those of `Libpcap`. Throws CaptureError where it is missing. */
export function loadLibpcap(): LibraryHandle {
  const { load } = koffi();
  const reasons: string[] = [];
  for (const name of LIBPCAP_NAMES) {
    try {
      return load(name);
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw new CaptureError(
    `libpcap is missing (${reasons[0]}); install it: apt install libpcap0.8 (Debian, Ubuntu), dnf install libpcap (Fedora)`,
  );
}

/** Signatures from pcap(3PCAP) and stdio(3). Handles are opaque: only ever passed on. */
function bind(pcap: LibraryHandle, libc: LibraryHandle): Libpcap {
  return {
    openOffline: pcap.func("void *pcap_fopen_offline(void *, void *)"),
    create: pcap.func("void *pcap_create(const char *, void *)"),
    setSnaplen: pcap.func("int pcap_set_snaplen(void *, int)"),
    setBufferSize: pcap.func("int pcap_set_buffer_size(void *, int)"),
    setTimeout: pcap.func("int pcap_set_timeout(void *, int)"),
    setPromisc: pcap.func("int pcap_set_promisc(void *, int)"),
    setTstampPrecision: pcap.func("int pcap_set_tstamp_precision(void *, int)"),
    activate: pcap.func("int pcap_activate(void *)"),
    setNonblock: pcap.func("int pcap_setnonblock(void *, int, void *)"),
    compile: pcap.func("int pcap_compile(void *, void *, const char *, int, uint32_t)"),
    setFilter: pcap.func("int pcap_setfilter(void *, void *)"),
    freeCode: pcap.func("void pcap_freecode(void *)"),
    snapshot: pcap.func("int pcap_snapshot(void *)"),
    dispatch: pcap.func("int pcap_dispatch(void *, int, void *, void *)"),
    stats: pcap.func("int pcap_stats(void *, void *)"),
    fileNumber: pcap.func("int pcap_fileno(void *)"),
    getError: pcap.func("const char *pcap_geterr(void *)"),
    statusText: pcap.func("const char *pcap_statustostr(int)"),
    close: pcap.func("void pcap_close(void *)"),
    findAllDevices: pcap.func("int pcap_findalldevs(_Out_ void **, void *)"),
    freeAllDevices: pcap.func("void pcap_freealldevs(void *)"),
    interfaceIndex: libc.func("unsigned int if_nametoindex(const char *)"),
    dumpOpen: pcap.func("void *pcap_dump_fopen(void *, void *)"),
    dumpPosition: pcap.func("long pcap_dump_ftell(void *)"),
    dumpFlush: pcap.func("int pcap_dump_flush(void *)"),
    dumpClose: pcap.func("void pcap_dump_close(void *)"),
    dump: pcap.symbol("pcap_dump"),
    ioctl: libc.func("int ioctl(int, unsigned long, ...)"),
    openMemory: libc.func("void *fmemopen(void *, size_t, const char *)"),
    rewind: libc.func("void rewind(void *)"),
  };
}

/** The text before the first zero byte. */
export function textIn(errors: Buffer): string {
  return errors.toString("utf8", 0, errors.indexOf(0));
}
