import { execFileSync, spawnSync } from "node:child_process";
import { koffi, libpcap, type Pointer } from "../../../src/capture/live/libpcap.js";
import { isSkipped, root, tools } from "../../support/needs.js";

const CLONE_NEWNET = 0x40000000;

/** They make a network namespace and capture in it. */
export const skips = isSkipped("capturing", root, tools(["ip"], "iproute2"), () => {
  try {
    libpcap();
    return undefined;
  } catch (error) {
    return String(error);
  }
});

/**
 * Moves this thread, and with it the processes it starts, into a network namespace of its own. The namespace is gone when
 * the last of them is: nothing is left behind, however the tests end.
 */
export function enterNewNamespace(): void {
  const unshare = koffi().load(null).func("int unshare(int)");
  if (unshare(CLONE_NEWNET) !== 0) throw new Error("unshare(CLONE_NEWNET) failed");
}

export function ip(...args: readonly string[]): void {
  execFileSync("ip", args);
}

/** Two joined interfaces, up and silent by themselves: what is sent on the near one is captured on the far one. */
export class Veth {
  readonly near: string;
  readonly far: string;
  readonly #sender: Pointer;
  readonly #send: (socket: number, frame: Uint8Array, bytes: number, flags: number) => number;
  #sent = 0;

  constructor(name: string) {
    this.near = `${name}-near`;
    this.far = `${name}-far`;
    ip("link", "add", this.near, "type", "veth", "peer", "name", this.far);
    for (const end of [this.near, this.far]) {
      ip("link", "set", end, "addrgenmode", "none");
      ip("link", "set", end, "up");
    }
    // on a busy machine, the kernel has its queues ready some time later: what is sent before that is gone
    for (const end of [this.near, this.far]) while (!execFileSync("ip", ["link", "show", end]).includes(" state UP "));
    const pcap = libpcap();
    this.#sender = pcap.create(this.near, Buffer.alloc(256));
    pcap.setBufferSize(this.#sender, 1 << 16);
    if (pcap.activate(this.#sender) !== 0) throw new Error(pcap.getError(this.#sender));
    this.#send = koffi().load(null).func("long send(int, void *, size_t, int)");
  }

  /** Sends frames that carry their number, counted from 0 over the life of this pair. */
  send(frames: number, bytes = 100): void {
    const frame = Buffer.alloc(bytes, 0xee);
    // To everyone, from a made-up sender, in the EtherType for local experiments (IEEE 802, 0x88b5).
    Buffer.from("ffffffffffff02000000000188b5", "hex").copy(frame);
    const socket = libpcap().fileNumber(this.#sender);
    for (let i = 0; i < frames; i++) {
      frame.writeUInt32BE(this.#sent++, NUMBER_AT);
      if (this.#send(socket, frame, bytes, 0) !== bytes) throw new Error(`send: errno ${koffi().errno()}`);
    }
  }

  remove(): void {
    libpcap().close(this.#sender);
    spawnSync("ip", ["link", "del", this.near]);
  }
}

/** Where a sent frame has its number. */
export const NUMBER_AT = 14;
