import type { Steps } from "./steps.js";

/** What a block is seen as. */
type Block = Int32Array | Uint32Array | Float64Array | Uint16Array | Uint8Array;

/** The constructor of such an array. */
export interface Kind<T extends Block> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
}

/** WebAssembly's unit of memory. */
const PAGE_BYTES = 65_536;
/** As much as its addresses reach: 4 GiB. Only what is used takes room. */
const MOST_PAGES = 65_536;
/** Pages that are added at once: 16 MiB. V8 goes through all memories whenever one of them grows. */
const STEP_PAGES = 256;
/** Pages of a memory that begins: 2 GiB of addresses, with which most runs end; or a step, where the system holds so much against what it has. */
const FIRST_PAGES: readonly number[] = [32_768, STEP_PAGES];
/**
 * How many flows tables have room for. Of a heap's blocks, only what was ever used takes memory; where a block has moved to a wider one, that is all of
 * the smaller one as well, for nothing.
 */
export const ROOM_FLOWS = 2 ** 21;
/** A cache line: records that are as long lie in one each. */
const LEAST_BLOCK_BITS = 6;
/** All of it. */
const MOST_BLOCK_BITS = 32;

/** A `WebAssembly.Memory`, by a name that programs can do without whose libraries do not have that. */
interface Memory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

/** A part of a heap's memory, which can be sent to another thread: the bytes `from` … `to`-1. */
export interface HeapPart {
  readonly memory: Memory;
  readonly from: number;
  readonly to: number;
}

/** There is no memory, or no address space, for a heap. The text says what to do. */
export class HeapError extends Error {}

/**
 * Memory that TypeScript and WebAssembly both work on, in blocks: tables whose rows only TypeScript touches need none of it.
 *
 * A block's size is a power of two, and it begins at a cache line. One that is given back is used again for the next of its
 * size. The memory is shared, as the views of a memory that is not end when it grows.
 */
export class Heap {
  readonly memory: Memory;
  /** How many times a block was taken or given back: while it stays, all arrays in it stay where they are. */
  changes = 0;
  #end: number;
  readonly #most: number;
  /** The memory as it was when blocks were taken: it is another object each time it has grown. */
  readonly #buffers = new WeakSet<ArrayBufferLike>();
  /** How many bytes blocks have that are longer than their arrays, by where they begin. */
  readonly #rooms = new Map<number, number>();
  /** Where blocks begin that were given back, by the bits of their size. */
  readonly #free: number[][] = Array.from({ length: MOST_BLOCK_BITS + 1 }, () => []);

  /** `part`: the memory that it has, if it is not to have one of its own. Of that, the first page stays free: 0 is no block. */
  constructor({ memory, from, to }: HeapPart = { memory: newMemory(), from: PAGE_BYTES, to: MOST_PAGES * PAGE_BYTES }) {
    this.memory = memory;
    this.#end = from;
    this.#most = to;
  }

  /** @internal The functions of a module that works on this memory, whose source is of this type. `imports`: what it asks for beside that. */
  load<Source>(module: WebAssembly.Module, imports?: Record<string, Record<string, unknown>>): Steps<Source>;
  load(module: WebAssembly.Module, imports: Record<string, Record<string, unknown>> = {}): object {
    return new WebAssembly.Instance(module, { ...imports, env: { memory: this.memory } }).exports;
  }

  /** So many bytes for a heap of another thread. Nobody may take them back. */
  part(bytes: number): HeapPart {
    const from = this.#extend(bytes);
    return { memory: this.memory, from, to: from + bytes };
  }

  /** What another thread has put into the block of its part that begins there. */
  at(address: number, bytes: number): Uint8Array {
    const { buffer } = this.memory;
    this.#buffers.add(buffer);
    return new Uint8Array(buffer, address, bytes);
  }

  /**
   * A block for an array of that length, all of it 0. `room`: to what length `lengthened` may make it longer where it is. That takes addresses and
   * no memory; where there are none, it has no such room.
   *
   * @throws HeapError where there is no memory left.
   */
  take<T extends Block>(kind: Kind<T>, length: number, room: number = length): T {
    const bits = bitsOf(room * kind.BYTES_PER_ELEMENT);
    if (room <= length || !this.#reaches(this.#end + 2 ** bits)) return this.#block(kind, length, true);
    const at = this.#extend(2 ** bits);
    this.#rooms.set(at, 2 ** bits);
    return this.#view(kind, at, length);
  }

  /** A block as `take` gives it, but what is in it at first means nothing: of one that is used again, what nothing is written to takes no memory. */
  takeAsIs<T extends Block>(kind: Kind<T>, length: number): T {
    return this.#block(kind, length, false);
  }

  /** Takes a block for as long as it takes to do something with it; what is in it at first means nothing. */
  lend<T extends Block, U>(kind: Kind<T>, length: number, use: (block: T) => U): U {
    const block = this.takeAsIs(kind, length);
    const result = use(block);
    this.give(block);
    return result;
  }

  #block<T extends Block>(kind: Kind<T>, length: number, isEmptied: boolean): T {
    const bits = bitsOf(length * kind.BYTES_PER_ELEMENT);
    const used = this.#free[bits].pop();
    const block = this.#view(kind, used ?? this.#extend(2 ** bits), length);
    // what is longer than that is nobody's, and perhaps no memory yet
    if (used !== undefined && isEmptied) block.fill(0);
    return block;
  }

  #view<T extends Block>(kind: Kind<T>, at: number, length: number): T {
    this.changes++;
    const { buffer } = this.memory;
    this.#buffers.add(buffer);
    return new kind(buffer, at, length);
  }

  /** What is in a block, in one that is longer: the same one where it has room, else another, and it is given back. */
  lengthened<T extends Block>(kind: Kind<T>, block: T, length: number): T {
    const room = this.#rooms.get(block.byteOffset) ?? 0;
    if (length * kind.BYTES_PER_ELEMENT <= room) return this.#view(kind, block.byteOffset, length);
    const longer = this.take(kind, length);
    longer.set(block);
    this.give(block);
    return longer;
  }

  doubled<T extends Block>(kind: Kind<T>, block: T): T {
    return this.lengthened(kind, block, 2 * block.length);
  }

  /** Whether an array lies in this memory. */
  has(array: Block): boolean {
    return this.#buffers.has(array.buffer);
  }

  /** Takes a block back: nobody may look at it any more. */
  give(block: Block): void {
    this.changes++;
    this.#free[bitsOf(this.#rooms.get(block.byteOffset) ?? block.byteLength)].push(block.byteOffset);
    this.#rooms.delete(block.byteOffset);
  }

  /** Where so many bytes begin that were not handed out before: they are 0. */
  #extend(bytes: number): number {
    const at = this.#end;
    this.#end += bytes;
    if (!this.#reaches(this.#end))
      throw new HeapError(
        `there is no memory left: ${Math.ceil(this.#end / 2 ** 20)} MiB would be in use; a smaller --window needs less`,
      );
    return at;
  }

  /** Whether the memory is as large as that, after it has grown where it must. */
  #reaches(end: number): boolean {
    if (end > this.#most) return false;
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / PAGE_BYTES);
    try {
      const room = MOST_PAGES - this.memory.buffer.byteLength / PAGE_BYTES;
      if (missing > 0) this.memory.grow(Math.max(missing, Math.min(STEP_PAGES, room)));
      return true;
    } catch {
      return false;
    }
  }
}

/** @throws HeapError where the process may not have so many addresses; V8 wants ten gigabytes of them, most never used. */
function newMemory(): Memory {
  for (const initial of FIRST_PAGES) {
    try {
      return new WebAssembly.Memory({ initial, maximum: MOST_PAGES, shared: true });
    } catch {
      // the next one asks for less
    }
  }
  throw new HeapError(
    "there is no address space for WebAssembly, which takes 10 GB of addresses, though not of memory: raise " +
      "the limit (ulimit -v), or set NODE_OPTIONS=--disable-wasm-trap-handler, which makes it less",
  );
}

/** The same memory as doubles, two words each. */
export function asDoubles(words: Int32Array): Float64Array {
  return new Float64Array(words.buffer, words.byteOffset, words.length / 2);
}

function bitsOf(bytes: number): number {
  return Math.max(LEAST_BLOCK_BITS, 32 - Math.clz32(Math.max(bytes, 1) - 1));
}
