import type { Libpcap, Pointer } from "./libpcap.js";

/** netdevice(7): struct ifreq begins with a name, and here the flags, or the index, follow. */
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFINDEX = 0x8933;
const IFREQ_BYTES = 40;
const VALUE_AT = 16;
const IFF_UP = 1;

/** The state of the interface that a handle captures from; `gone` where there is none of its name, or another one by now. */
export class Link {
  readonly #pcap: Libpcap;
  readonly #handle: Pointer;
  readonly #name: string;
  /** Undefined for what is no interface with a state, as libpcap's "any". */
  readonly #index: number | undefined;

  /** It is asked through the handle's socket, in whose namespace it is. */
  constructor(pcap: Libpcap, handle: Pointer, name: string) {
    this.#pcap = pcap;
    this.#handle = handle;
    this.#name = name;
    this.#index = this.#ask(SIOCGIFINDEX);
  }

  get state(): "up" | "down" | "gone" {
    if (this.#index === undefined) return "up";
    const flags = this.#ask(SIOCGIFFLAGS);
    if (flags === undefined || this.#ask(SIOCGIFINDEX) !== this.#index) return "gone";
    return (flags & IFF_UP) === 0 ? "down" : "up";
  }

  #ask(request: number): number | undefined {
    const answer = Buffer.alloc(IFREQ_BYTES);
    answer.write(this.#name, 0, VALUE_AT - 1);
    if (this.#pcap.ioctl(this.#pcap.fileNumber(this.#handle), request, "void *", answer) !== 0) return undefined;
    // the kernel writes in the machine's byte order, as typed arrays read; flags are 16 bits
    const Value = request === SIOCGIFFLAGS ? Uint16Array : Int32Array;
    return new Value(answer.buffer, answer.byteOffset + VALUE_AT, 1)[0];
  }
}
