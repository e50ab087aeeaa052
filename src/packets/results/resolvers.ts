import { addressText } from "../address.js";
import * as words from "../batches/answer-words.js";
import { keepNewest } from "../memory/keep-newest.js";
import { INSIDE } from "../sides.js";
import { type Hear, nameText } from "./answers.js";

/** So many clients of resolvers are told apart: of more, nothing is said. */
const MOST_ASKING = 4096;
/** So many names are kept of each kind of answer: those that are told, and one that says that there are more. */
const MOST_NAMES = 3;
/** An answer is the same one within so long, nanoseconds: a side shows it twice where several of its captures have it. */
const SAME_NS = 100_000_000n;
/** So many ids are remembered of each client. */
const MOST_IDS = 64;

/** Answers of one kind that a client got of a resolver: how many, and the first of the names that were asked for. */
interface Outcome {
  count: number;
  readonly names: Set<string>;
}

/** What a resolver answered to a client, as far as the inside shows it. */
export class Asking {
  readonly client: string;
  readonly resolver: string;
  answers = 0;
  /** By the RCODE, of those that are errors. */
  readonly errors = new Map<number, Outcome>();
  /** When the first of the answers passed, and the last, epoch nanoseconds. */
  firstNs: bigint;
  lastNs: bigint;
  /** When the last answer of each id passed. */
  readonly #ids = new Map<number, bigint>();

  constructor(client: string, resolver: string, timeNs: bigint) {
    this.client = client;
    this.resolver = resolver;
    this.firstNs = this.lastNs = timeNs;
  }

  /** `name`: empty where it is not known. */
  take(code: number, id: number, name: string, timeNs: bigint): void {
    const before = this.#ids.get(id);
    this.#ids.set(id, timeNs);
    keepNewest(this.#ids, MOST_IDS);
    if (before !== undefined && timeNs - before < SAME_NS && before - timeNs < SAME_NS) return;
    this.answers++;
    if (timeNs < this.firstNs) this.firstNs = timeNs;
    if (timeNs > this.lastNs) this.lastNs = timeNs;
    if (code === 0) return;
    const outcome = this.errors.get(code) ?? { count: 0, names: new Set<string>() };
    this.errors.set(code, outcome);
    outcome.count++;
    if (name !== "" && outcome.names.size < MOST_NAMES) outcome.names.add(name);
  }

  /** How many of its answers have an RCODE. */
  count(code: number): number {
    return this.errors.get(code)?.count ?? 0;
  }
}

/** What resolvers answered to clients that the inside shows: the decoder tells of each answer. */
export class Resolvers {
  readonly #asking = new Map<string, Asking>();

  readonly hear: Hear = (side, epochNs, heard) => {
    if (side !== INSIDE) return;
    const said = new Uint32Array(heard.buffer, heard.byteOffset, heard.length / 4);
    for (let at = 0; at < said.length; at += said[at + words.BYTES] / 4)
      if (said[at + words.OUTCOME] > 0) this.#take(said, at, epochNs);
  };

  /** Those of whom anything was answered. */
  get all(): Iterable<Asking> {
    return this.#asking.values();
  }

  /** Whether a resolver answered a client. */
  has(client: string, resolver: string): boolean {
    return this.#asking.has(`${client} ${resolver}`);
  }

  #take(said: Uint32Array, at: number, epochNs: bigint): void {
    const isIpv6 = said[at + words.IS_CLIENT_IPV6] === 1;
    const client = addressText(isIpv6, said, at + words.CLIENT);
    const resolver = addressText(isIpv6, said, at + words.ADDRESS);
    const key = `${client} ${resolver}`;
    const stampNs = new Float64Array(said.buffer, said.byteOffset + 4 * at)[words.STAMP_NS];
    const timeNs = epochNs + BigInt(Math.round(stampNs));
    const known = this.#asking.get(key);
    if (known === undefined && this.#asking.size === MOST_ASKING) return;
    const asking = known ?? new Asking(client, resolver, timeNs);
    if (known === undefined) this.#asking.set(key, asking);
    const from = said.byteOffset + 4 * (at + words.HEADER_WORDS);
    const name = nameText(new Uint8Array(said.buffer, from, said[at + words.NAME_BYTES]));
    asking.take(said[at + words.OUTCOME] - words.OUTCOME_OF, said[at + words.ID], name, timeNs);
  }
}
