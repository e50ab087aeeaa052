import { BATCH_FRAMES, type CaptureInterface, type FrameBatch } from "../../packets/batches/frames.js";
import type { Heap } from "../../packets/memory/heap.js";
import { INSIDE, OUTSIDE } from "../../packets/sides.js";
import { TO_OTHERS } from "../../protocols/link-types.js";
import { Decoder } from "../../wire/decode.js";
import { AddressPlan } from "./address-plan.js";
import { Copies } from "./copies.js";
import { UNTOLD, packetTypeOf } from "./headers.js";
import { BY_ADDRESS, LEFT_OUT, type Place, Ports } from "./ports.js";
import type { Selector } from "./selector.js";

/** Most interfaces named in a message. */
const MOST_NAMED = 8;

/** Tells the side of each frame of a capture. */
export class Sorter {
  readonly ports: Ports;
  /** Rows of the batch sorted last, by side: the first `counts` of them. */
  readonly rows = [new Uint16Array(BATCH_FRAMES), new Uint16Array(BATCH_FRAMES)] as const;
  readonly counts: [number, number] = [0, 0];
  /** By row of that batch, which part of its side it is of. */
  readonly parts = new Uint8Array(BATCH_FRAMES);
  readonly #interfaces: readonly CaptureInterface[];
  readonly #plan: AddressPlan;
  /** Finds IP headers, where addresses decide. */
  readonly #decoder: Decoder | undefined;
  readonly #copies = [new Copies(), new Copies()] as const;
  /** The part of each side that is selected by addresses. */
  readonly #byAddressPart: readonly [number, number];
  #copied = 0;

  /** @param isRestOutside whether all that is not inside is outside. */
  constructor(
    interfaces: readonly CaptureInterface[],
    selectors: readonly [Selector, Selector],
    isRestOutside: boolean,
    warn: (text: string) => void,
    heap: Heap,
  ) {
    const [inside, outside] = selectors;
    this.#interfaces = interfaces;
    this.#byAddressPart = [inside.interfaces.length, outside.interfaces.length];
    this.#plan = new AddressPlan(inside.prefixes, outside.prefixes, isRestOutside);
    const isByAddress = inside.prefixes.length + outside.prefixes.length > 0;
    if (isByAddress) this.#decoder = new Decoder(heap);
    this.ports = new Ports(interfaces, selectors, isByAddress ? BY_ADDRESS : LEFT_OUT, warn);
  }

  sort(frames: FrameBatch): void {
    const { count, start, captured, iface } = frames;
    const view = new DataView(frames.data.buffer, frames.data.byteOffset, frames.data.byteLength);
    const headers = this.#decoder?.ipHeaders(frames, this.#interfaces);
    let inside = 0;
    let outside = 0;
    for (let row = 0; row < count; row++) {
      const from = start[row];
      const port = this.ports.of(view, from, from + captured[row], iface[row]);
      port.frames++;
      const place =
        headers !== undefined && port.place === BY_ADDRESS
          ? this.#byAddress(view, frames, row, headers[row])
          : port.place;
      if (place === INSIDE || place === OUTSIDE)
        this.parts[row] = port.place === place ? port.part : this.#byAddressPart[place];
      if (place === INSIDE) this.rows[INSIDE][inside++] = row;
      else if (place === OUTSIDE) this.rows[OUTSIDE][outside++] = row;
      else if (place === LEFT_OUT) port.leftOut++;
      else this.#copied++;
    }
    this.counts[INSIDE] = inside;
    this.counts[OUTSIDE] = outside;
  }

  /** What is in the capture and on neither side, one text a kind. */
  leftOut(): string[] {
    const texts: string[] = [];
    const ports = this.ports.leftOut();
    if (ports.length > 0) {
      const named = ports.slice(0, MOST_NAMED).map((port) => `${port.name} (${port.leftOut})`);
      const more = ports.length > MOST_NAMED ? ", …" : "";
      const all = ports.reduce((sum, port) => sum + port.leftOut, 0);
      texts.push(`${frames(all)} that are of neither side left out: ${named.join(", ")}${more}`);
    }
    if (this.#copied > 0)
      texts.push(
        `${frames(this.#copied)} left out that repeat another one: a bridge's port shows what the bridge shows`,
      );
    return texts;
  }

  /** Null for a copy. `ip`: where its IP header begins, or -1. */
  #byAddress(view: DataView, { start, captured, iface, timeNs }: FrameBatch, row: number, ip: number): Place | null {
    const from = start[row];
    const end = from + captured[row];
    const linkType = this.#interfaces[iface[row]].linkType;
    const packetType = packetTypeOf(view, from, end, linkType);
    const side = this.#plan.sideOf(view, ip, packetType);
    if (side === undefined) return LEFT_OUT;
    if (packetType === UNTOLD || ip < 0) return side;
    const isCopy = packetType === TO_OTHERS || this.#copies[side].isCopy(view, ip, end, packetType, timeNs[row]);
    return isCopy ? null : side;
  }
}

function frames(count: number): string {
  return count === 1 ? "1 frame" : `${count} frames`;
}
