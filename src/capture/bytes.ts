import { close, constants, fstat, fstatSync, open, openSync, read, readSync, type Stats } from "node:fs";
import { Socket } from "node:net";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { isMainThread } from "node:worker_threads";
import type { Soon } from "../packets/batches/soon.js";
import { CaptureError, DamageError, messageOf } from "./errors.js";

/** Bytes in order, copied to where the reader wants them. One read at a time. */
export interface ByteStream {
  /**
   * Waits for at least one byte, unless some are at hand, puts what there is into `target` from `at` on, and says how many they
   * were; 0 is the end. `target` must have room. Throws DamageError where no more can be had; the bytes before it have all been given.
   */
  read(target: Uint8Array, at: number): Soon<number>;
  /** Ends a read that is still waiting, as if the stream were over. */
  close(): Promise<void>;
}

/** A stream that comes in chunks, of whatever size. */
export abstract class ChunkedBytes implements ByteStream {
  #rest: Uint8Array = new Uint8Array(0);

  /** Resolves with the next chunk, which may be empty, or with null at the end. */
  protected abstract next(): Promise<Uint8Array | null>;
  abstract close(): Promise<void>;

  async read(target: Uint8Array, at: number): Promise<number> {
    while (this.#rest.length === 0) {
      const chunk = await this.next();
      if (chunk === null) return 0;
      this.#rest = chunk;
    }
    const taken = this.#rest.subarray(0, target.length - at);
    target.set(taken, at);
    this.#rest = this.#rest.subarray(taken.length);
    return taken.length;
  }
}

/** Bytes as they are stored. */
export interface StoredBytes extends ByteStream {
  /** Whether they all are there: reading them waits for nobody. */
  readonly isOnDisk: boolean;
}

/** Told after every read: bytes of the file so far, as stored (compressed), and the file's size if it has one. */
export type OnBytes = (read: number, total: number | undefined) => void;

// a thread of its own may wait for a disk, and is there sooner than if it has that done
const openFd: (path: string, flags: number) => Soon<number> = isMainThread ? promisify(open) : openSync;
const statFd: (fd: number) => Soon<Stats> = isMainThread ? promisify(fstat) : fstatSync;
const closeFd = promisify(close);
const STDIN_FD = 0;

/**
 * Opens a file, a FIFO or, as '-', standard input. Throws CaptureError for what is missing, forbidden or holds no bytes.
 *
 * Without O_NONBLOCK a FIFO nobody writes to would block a thread of libuv's pool in open(2), and the process could not
 * even exit. With it, on Linux, the FIFO is simply not readable until its first writer comes (pipe_poll in fs/pipe.c).
 */
export async function openBytes(path: string, onBytes: OnBytes): Promise<StoredBytes> {
  const fd = path === "-" ? STDIN_FD : await openPath(path);
  const stats = await statFd(fd);
  const refusal = refusalOf(path, fd, stats);
  if (refusal !== undefined) {
    await release(fd);
    throw new CaptureError(refusal);
  }
  if (stats.isFIFO() || stats.isSocket()) return new PipeBytes(fd, onBytes);
  return new FileBytes(fd, stats.isFile() ? stats.size : undefined, onBytes);
}

async function openPath(path: string): Promise<number> {
  try {
    return await openFd(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") throw new CaptureError(`${path}: there is no such file`);
    if (code === "EACCES")
      throw new CaptureError(`${path}: permission denied; captures are often readable by root only`);
    throw new CaptureError(`${path}: cannot be opened: ${messageOf(error)}`);
  }
}

function refusalOf(path: string, fd: number, stats: Stats): string | undefined {
  if (stats.isDirectory()) return `${path}: is a directory; name a capture file in it`;
  if (isatty(fd))
    return `${path === "-" ? "stdin" : path}: is a terminal; pipe a capture into it, as in tcpdump -U -w - | natcorr …`;
  return undefined;
}

async function release(fd: number): Promise<void> {
  if (fd !== STDIN_FD) await closeFd(fd);
}

/** A regular file, or a device that is read like one. */
class FileBytes implements StoredBytes {
  readonly #fd: number;
  readonly #total: number | undefined;
  readonly #onBytes: OnBytes;
  #read = 0;
  #closed = false;
  #pending: Promise<unknown> = Promise.resolve();

  constructor(fd: number, total: number | undefined, onBytes: OnBytes) {
    this.#fd = fd;
    this.#total = total;
    this.#onBytes = onBytes;
  }

  get isOnDisk(): boolean {
    return this.#total !== undefined;
  }

  read(target: Uint8Array, at: number): Soon<number> {
    if (this.#closed) return 0;
    // what the page cache has is read in less time than it takes to have it read, but only a thread of its own may wait for a disk
    if (!isMainThread) return this.#took(this.#readHere(target, at));
    const reading = this.#readAside(target, at);
    this.#pending = reading;
    return reading.then((bytes) => this.#took(bytes));
  }

  #readAside(target: Uint8Array, at: number): Promise<number> {
    return new Promise<number>((resolve, reject) => {
      read(this.#fd, target, at, target.length - at, null, (error, bytes) => {
        if (error) reject(unreadable(error));
        else resolve(bytes);
      });
    });
  }

  #readHere(target: Uint8Array, at: number): number {
    try {
      return readSync(this.#fd, target, at, target.length - at, null);
    } catch (error) {
      throw unreadable(error);
    }
  }

  #took(bytes: number): number {
    this.#read += bytes;
    this.#onBytes(this.#read, this.#total);
    return this.#closed ? 0 : bytes;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // The kernel may hand the descriptor's number to the next open while a read on it is still queued.
    await this.#pending.catch(() => {});
    await release(this.#fd);
  }
}

function unreadable(error: unknown): DamageError {
  return new DamageError(`the file cannot be read any further: ${messageOf(error)}`);
}

/** A FIFO, a pipe or a socket: what the writer has written so far, as it comes. */
class PipeBytes extends ChunkedBytes implements StoredBytes {
  readonly isOnDisk = false;
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #onBytes: OnBytes;
  #read = 0;
  #closed = false;

  constructor(fd: number, onBytes: OnBytes) {
    super();
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#chunks = this.#socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#onBytes = onBytes;
  }

  protected async next(): Promise<Uint8Array | null> {
    try {
      const chunk = await this.#chunks.next();
      if (chunk.done || this.#closed) return null;
      this.#read += chunk.value.length;
      this.#onBytes(this.#read, undefined);
      return chunk.value;
    } catch (error) {
      if (this.#closed) return null;
      throw new DamageError(`the pipe cannot be read any further: ${messageOf(error)}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#socket.destroy();
  }
}

/** A stream whose first bytes were looked at: they come again, then the rest. */
export class Rewound implements ByteStream {
  #head: Uint8Array;
  readonly #rest: ByteStream;

  constructor(head: Uint8Array, rest: ByteStream) {
    this.#head = head;
    this.#rest = rest;
  }

  read(target: Uint8Array, at: number): Soon<number> {
    if (this.#head.length === 0) return this.#rest.read(target, at);
    const taken = this.#head.subarray(0, target.length - at);
    target.set(taken, at);
    this.#head = this.#head.subarray(taken.length);
    return taken.length;
  }

  close(): Promise<void> {
    return this.#rest.close();
  }
}
