import type { CaptureInterface } from "../../packets/batches/frames.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../../packets/sides.js";
import { SLL2 } from "../../protocols/link-types.js";
import { CaptureError } from "../../capture/errors.js";
import { ifindexOf } from "./headers.js";
import { type Selector, ifindexHere, isNumber } from "./selector.js";

/** Where frames of an interface belong that no selector names: each by its addresses, or to no side. */
export const BY_ADDRESS = 2;
export const LEFT_OUT = 3;
export type Place = Side | typeof BY_ADDRESS | typeof LEFT_OUT;

/** An interface of the host, as the capture tells it: described by name, or an ifindex in SLL2 frames. */
export interface Port {
  /** Its name, or else what it is called in messages. */
  readonly name: string;
  readonly place: Place;
  /** Which part of its side it is, where a selector names it. */
  readonly part: number;
  frames: number;
  leftOut: number;
}

/** The interfaces of a capture, each placed by the selectors once it is met. */
export class Ports {
  readonly #interfaces: readonly CaptureInterface[];
  readonly #selectors: readonly [Selector, Selector];
  readonly #other: Place;
  readonly #warn: (text: string) => void;
  readonly #described: Port[] = [];
  readonly #byIfindex = new Map<number, Port>();
  /** Parts of the selectors that no interface has answered to so far. */
  readonly #unmet: readonly [Set<string>, Set<string>];
  /** Interfaces of this host that a selector names. */
  readonly #here = new Map<number, string>();

  /** @param interfaces of the capture; may grow. @param other where the frames of interfaces go that no selector names. */
  constructor(
    interfaces: readonly CaptureInterface[],
    selectors: readonly [Selector, Selector],
    other: Place,
    warn: (text: string) => void,
  ) {
    this.#interfaces = interfaces;
    this.#selectors = selectors;
    this.#other = other;
    this.#warn = warn;
    this.#unmet = [new Set(selectors[INSIDE].interfaces), new Set(selectors[OUTSIDE].interfaces)];
    for (const name of selectors.flatMap((selector) => selector.interfaces)) {
      const ifindex = isNumber(name) ? undefined : ifindexHere(name);
      if (ifindex !== undefined) this.#here.set(ifindex, name);
    }
  }

  /** The interface that the frame at `start` … `end`-1 was seen on, `iface` in the capture. */
  of(view: DataView, start: number, end: number, iface: number): Port {
    if (this.#interfaces[iface].linkType !== SLL2) return this.#portOf(iface);
    const ifindex = ifindexOf(view, start, end);
    return this.#byIfindex.get(ifindex) ?? this.#meet(ifindex);
  }

  /** Places what the capture has described so far; then gives what the selectors name and nothing has answered to. */
  unmet(): string[] {
    if (this.#interfaces.length > 0) this.#portOf(this.#interfaces.length - 1);
    return this.#unmet.flatMap((parts) => [...parts]);
  }

  /** Whether an interface's own count of lost frames is one of this part of a side. */
  mayConcern(side: Side, part: number, iface: number): boolean {
    if (this.#interfaces[iface].linkType === SLL2) return true;
    const port = this.#portOf(iface);
    return port.place === BY_ADDRESS || (port.place === side && port.part === part);
  }

  /** Whether names in the selectors can only be those of this host's interfaces: the capture gives none. */
  get areNameless(): boolean {
    return this.#interfaces.every(({ name }) => name === "");
  }

  /** Whether frames tell nothing of where they were seen. */
  get areOneOnly(): boolean {
    return this.#interfaces.length === 1 && this.#interfaces[0].linkType !== SLL2;
  }

  /** What the interface that a selector names is called: by its name where that is known. */
  nameOf(part: string): string {
    if (!isNumber(part)) return part;
    return (this.#byIfindex.get(Number(part)) ?? this.#described[Number(part)])?.name ?? `interface ${part}`;
  }

  /** All interfaces that frames were seen on, or of which there is a description, in words. */
  list(): string {
    const described = this.#described.flatMap((port, iface) =>
      this.#interfaces[iface].linkType === SLL2
        ? []
        : [`${this.#interfaces[iface].name ? `${iface} ` : ""}${port.name} (${port.frames})`],
    );
    const seen = [...this.#byIfindex.values()].map(({ name, frames }) => `${name} (${frames})`);
    return [...described, ...seen].join(", ");
  }

  /** Interfaces of which frames were left out, the busiest first. */
  leftOut(): Port[] {
    return [...this.#described, ...this.#byIfindex.values()]
      .filter((port) => port.leftOut > 0)
      .sort((a, b) => b.leftOut - a.leftOut);
  }

  #portOf(iface: number): Port {
    while (this.#described.length <= iface) this.#describe(this.#described.length);
    return this.#described[iface];
  }

  #describe(iface: number): void {
    const { name, linkType } = this.#interfaces[iface];
    const answersTo = (part: string): boolean => linkType !== SLL2 && (part === name || part === String(iface));
    this.#described.push(this.#place(name || `interface ${iface}`, answersTo));
  }

  #meet(ifindex: number): Port {
    const here = this.#here.get(ifindex);
    const port = this.#place(here ?? (ifindex < 0 ? "a cut header" : `ifindex ${ifindex}`), (part) =>
      isNumber(part) ? Number(part) === ifindex : part === here,
    );
    if (here !== undefined)
      this.#warn(`${here} is taken to be ifindex ${ifindex}, as on this host: the capture has no names, only numbers`);
    this.#byIfindex.set(ifindex, port);
    return port;
  }

  #place(name: string, answersTo: (part: string) => boolean): Port {
    const [isInside, isOutside] = SIDES.map((side) => {
      const parts = this.#selectors[side].interfaces.filter(answersTo);
      for (const part of parts) this.#unmet[side].delete(part);
      return parts.length > 0;
    });
    if (isInside && isOutside) throw new CaptureError(`${name} is selected as the inside and as the outside`);
    const place = isInside ? INSIDE : isOutside ? OUTSIDE : this.#other;
    const part =
      isInside || isOutside ? this.#selectors[isInside ? INSIDE : OUTSIDE].interfaces.findIndex(answersTo) : 0;
    return { name, place, part, frames: 0, leftOut: 0 };
  }
}
