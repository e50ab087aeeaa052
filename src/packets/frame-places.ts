/** A frame by its capture, as the header lists those of its side (from 0 on), and by its number in that (from 1 on). */
export interface FramePlace {
  readonly capture: number;
  readonly frame: number;
}

/**
 * Where the frames of a side are. On its side, a frame has one number, which tells its source and its number there; of a side with one source, it is
 * the same number. A source may be several captures, one behind the other: its frames are numbered through.
 */
export class FramePlaces {
  /** The captures of all sources, by name. */
  readonly names: readonly string[];
  readonly #sources: number;
  /** By source: the place of its first capture in `names`, and the first frame of each capture that has begun. */
  readonly #firstCapture: readonly number[];
  readonly #begins: readonly number[][];

  /** `captures`: the names of each source's captures, in their order. */
  constructor(captures: readonly (readonly string[])[]) {
    this.names = captures.flat();
    this.#sources = captures.length;
    this.#firstCapture = captures.map((_, source) => captures.slice(0, source).flat().length);
    this.#begins = captures.map(() => [1]);
  }

  /** Whether there is but one capture: numbers are what they are there. */
  get isOne(): boolean {
    return this.names.length === 1;
  }

  /** The number on its side of a source's frame. */
  onSide(source: number, frame: number): number {
    return this.#sources === 1 ? frame : (frame - 1) * this.#sources + source + 1;
  }

  /** The source of the frame that has this number on its side, and its number there. */
  sourceOf(number: number): number {
    return (number - 1) % this.#sources;
  }

  inSource(number: number): number {
    return Math.floor((number - 1) / this.#sources) + 1;
  }

  /** The next capture of a source begins behind this frame of it. */
  begin(source: number, behind: number): void {
    this.#begins[source].push(behind + 1);
  }

  /** Where the frame is that has this number on its side. */
  of(number: number): FramePlace {
    if (this.isOne) return { capture: 0, frame: number };
    const source = this.sourceOf(number);
    const frame = this.inSource(number);
    const begins = this.#begins[source];
    const which = begins.findLastIndex((begin) => begin <= frame);
    return { capture: this.#firstCapture[source] + which, frame: frame - begins[which] + 1 };
  }

  /** The name of the capture that a frame is in, without the folders that it is in. */
  captureOf(number: number): string {
    return shortName(this.names[this.of(number).capture]);
  }

  /** What a frame is called in words: `7`, or `7@docker0` where there are several captures. */
  text(number: number): string {
    return this.isOne ? String(number) : `${this.of(number).frame}@${this.captureOf(number)}`;
  }
}

/** A capture's name without the folders that it is in. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
