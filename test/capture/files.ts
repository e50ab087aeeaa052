import { writeFileSync } from "node:fs";
import { CaptureError, openCapture } from "../../src/capture/open.js";
import type { CaptureInterface } from "../../src/packets/batches/frames.js";
import type { Loss } from "../../src/packets/batches/frame-marks.js";
import { scratch } from "../support/scratch.js";

/** A frame as the test wants it written. `ticks` count in the file's or interface's own resolution. */
export interface Written {
  readonly seconds?: number;
  readonly ticks?: number;
  readonly data: Uint8Array;
  readonly original?: number;
}

export interface PcapShape {
  readonly big?: boolean;
  readonly magic?: number;
  readonly snaplen?: number;
  /** The whole last word of the file header, frame check sequence bits included. */
  readonly network?: number;
  /** Bytes after the usual 16 of a record header. */
  readonly extra?: number;
}

/** Numbers of given widths one after the other. */
export function packed(big: boolean, ...fields: readonly (readonly [bits: 16 | 32, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([bits, value]) => {
      const bytes = Buffer.alloc(4);
      if (big) bytes.writeUInt32BE(bits === 16 ? value * 0x1_0000 : value);
      else bytes.writeUInt32LE(value);
      return bytes.subarray(0, bits / 8);
    }),
  );
}

export function pcap(frames: readonly Written[], shape: PcapShape = {}): Buffer {
  const { big = false, magic = 0xa1b2c3d4, snaplen = 262_144, network = 1, extra = 0 } = shape;
  const header = packed(big, [32, magic], [16, 2], [16, 4], [32, 0], [32, 0], [32, snaplen], [32, network]);
  const records = frames.map(({ seconds = 0, ticks = 0, data, original = data.length }) =>
    Buffer.concat([
      packed(big, [32, seconds], [32, ticks], [32, data.length], [32, original]),
      Buffer.alloc(extra, 0xee),
      data,
    ]),
  );
  return Buffer.concat([header, ...records]);
}

function aligned(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

/** Writes pcapng blocks in one byte order. */
export class Blocks {
  readonly #big: boolean;

  constructor(order: "little" | "big" = "little") {
    this.#big = order === "big";
  }

  block(type: number, body: Uint8Array): Buffer {
    const length = packed(this.#big, [32, body.length + 12]);
    return Buffer.concat([packed(this.#big, [32, type]), length, body, length]);
  }

  option(code: number, value: Uint8Array): Buffer {
    return Buffer.concat([packed(this.#big, [16, code], [16, value.length]), aligned(value)]);
  }

  uint64(value: bigint): Buffer {
    const bytes = Buffer.alloc(8);
    if (this.#big) bytes.writeBigUInt64BE(value);
    else bytes.writeBigUInt64LE(value);
    return bytes;
  }

  section(options: Uint8Array = new Uint8Array(0)): Buffer {
    const fixed = packed(this.#big, [32, 0x1a2b3c4d], [16, 1], [16, 0], [32, 0xffffffff], [32, 0xffffffff]);
    return this.block(0x0a0d0d0a, Buffer.concat([fixed, options]));
  }

  describe(
    shape: { linkType?: number; snaplen?: number; name?: string; tsresol?: number; tsoffset?: bigint } = {},
  ): Buffer {
    const parts = [packed(this.#big, [16, shape.linkType ?? 1], [16, 0], [32, shape.snaplen ?? 0])];
    if (shape.name !== undefined) parts.push(this.option(2, Buffer.from(shape.name)));
    if (shape.tsresol !== undefined) parts.push(this.option(9, Uint8Array.of(shape.tsresol)));
    if (shape.tsoffset !== undefined) parts.push(this.option(14, this.uint64(BigInt.asUintN(64, shape.tsoffset))));
    if (parts.length > 1) parts.push(this.option(0, new Uint8Array(0)));
    return this.block(1, Buffer.concat(parts));
  }

  enhanced(
    id: number,
    ticks: bigint,
    data: Uint8Array,
    original = data.length,
    options: Uint8Array = new Uint8Array(0),
  ): Buffer {
    const fixed = packed(this.#big, [32, id], ...this.#stamp(ticks), [32, data.length], [32, original]);
    return this.block(6, Buffer.concat([fixed, aligned(data), options]));
  }

  obsolete(id: number, drops: number, ticks: bigint, data: Uint8Array): Buffer {
    const lengths = [[32, data.length] as const, [32, data.length] as const];
    return this.block(
      2,
      Buffer.concat([packed(this.#big, [16, id], [16, drops], ...this.#stamp(ticks), ...lengths), aligned(data)]),
    );
  }

  simple(data: Uint8Array, original = data.length): Buffer {
    return this.block(3, Buffer.concat([packed(this.#big, [32, original]), aligned(data)]));
  }

  statistics(id: number, options: Uint8Array, ticks = 0n): Buffer {
    return this.block(5, Buffer.concat([packed(this.#big, [32, id], ...this.#stamp(ticks)), options]));
  }

  #stamp(ticks: bigint): (readonly [32, number])[] {
    return [
      [32, Number(ticks >> 32n)],
      [32, Number(ticks & 0xffffffffn)],
    ];
  }
}

/** A frame as it was read. */
interface Read {
  readonly frame: number;
  /** Epoch nanoseconds. */
  readonly ns: bigint;
  readonly data: string;
  readonly original: number;
  readonly iface: number;
}

export interface Capture {
  readonly name: string;
  readonly frames: readonly Read[];
  readonly interfacesAtOpen: number;
  readonly interfaces: readonly CaptureInterface[];
  readonly dropped: number;
  /** Whether it says that it counts what it loses: once it is open, and at its end. */
  readonly losses: readonly (Loss & { readonly frame: number })[];
  readonly hasCounters: readonly [boolean, boolean];
  /** As `FrameSource` says; -Infinity where it does not tell. */
  readonly endedNs: number;
  readonly warnings: readonly string[];
  /** What openCapture refused it with. */
  readonly error: string | undefined;
}

export function stored(bytes: Uint8Array, name = "capture.pcap"): string {
  const path = scratch(name);
  writeFileSync(path, bytes);
  return path;
}

/** Everything a capture gives; only a CaptureError at open is caught. */
export async function readPath(path: string): Promise<Capture> {
  const warnings: string[] = [];
  const frames: Read[] = [];
  let source;
  try {
    source = await openCapture(path, { onWarning: (text) => warnings.push(text) });
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return {
      name: "",
      frames,
      interfacesAtOpen: 0,
      interfaces: [],
      dropped: 0,
      losses: [],
      hasCounters: [false, false],
      endedNs: Number.NEGATIVE_INFINITY,
      warnings,
      error: error.message,
    };
  }
  const losses: (Loss & { readonly frame: number })[] = [];
  const interfacesAtOpen = source.interfaces.length;
  const hadCounters = source.hasCounters;
  for (let batch = await source.next(); batch; batch = await source.next()) {
    losses.push(...batch.marks.flatMap(({ frame, loss }) => (loss === undefined ? [] : [{ frame, ...loss }])));
    for (let row = 0; row < batch.count; row++) {
      const data = batch.data.subarray(batch.start[row], batch.start[row] + batch.captured[row]);
      frames.push({
        frame: batch.frame[row],
        ns: source.epochNs + BigInt(batch.timeNs[row]),
        data: Buffer.from(data).toString("hex"),
        original: batch.original[row],
        iface: batch.iface[row],
      });
    }
  }
  await source.close();
  const { name, interfaces, captureDropped: dropped, endedNs = Number.NEGATIVE_INFINITY } = source;
  const hasCounters = [hadCounters, source.hasCounters] as const;
  const said = { interfacesAtOpen, interfaces, dropped, losses, hasCounters, endedNs };
  return { name, frames, ...said, warnings, error: undefined };
}

export function readBytes(bytes: Uint8Array): Promise<Capture> {
  return readPath(stored(bytes));
}
