import { addressText } from "../address.js";
import * as words from "../batches/answer-words.js";
import { keepNewest } from "../memory/keep-newest.js";
import { INSIDE, type Side } from "../sides.js";
import { NXDOMAIN } from "../../protocols/dns.js";
import { type Hearer, nameText } from "./answers.js";
import { UnknownNames } from "./unknown-names.js";

/** So many clients of resolvers are told apart: of more, nothing is said. */
const MOST_ASKING = 4096;
/** So many names are kept of each kind of answer: those that are told, and one that says that there are more. */
const MOST_NAMES = 3;
/** An answer is the same one within so long, nanoseconds: a side shows it twice where several of its captures have it. */
const SAME_NS = 100_000_000n;
/** So many answers are remembered for that, of all clients: 80,000 a second. */
const MOST_REMEMBERED = 8192;
/** Values of an id. */
const IDS = 2 ** 16;
const NO_ERRORS: ReadonlyMap<number, Outcome> = new Map();

/** Answers of one kind that a client got of a resolver: how many, and the first of the names that were asked for. */
interface Outcome {
  count: number;
  readonly names: Set<string>;
}

/** What a resolver answered to a client, as far as the inside shows it. */
export class Asking {
  /** Numbers of clients are 0, 1 … */
  readonly number: number;
  readonly client: string;
  readonly resolver: string;
  answers = 0;
  /** When the first of the answers passed, and the last, epoch nanoseconds. */
  firstNs: bigint;
  lastNs: bigint;
  /** None of most clients, of which there may be thousands. */
  #errors: Map<number, Outcome> | undefined;

  constructor(number: number, client: string, resolver: string, timeNs: bigint) {
    this.number = number;
    this.client = client;
    this.resolver = resolver;
    this.firstNs = this.lastNs = timeNs;
  }

  /** By the RCODE, of those that are errors. */
  get errors(): ReadonlyMap<number, Outcome> {
    return this.#errors ?? NO_ERRORS;
  }

  /** Takes an answer that it does not have by now. `name`: empty where it is not known. */
  take(code: number, name: string, timeNs: bigint): void {
    this.answers++;
    if (timeNs < this.firstNs) this.firstNs = timeNs;
    if (timeNs > this.lastNs) this.lastNs = timeNs;
    if (code === 0) return;
    this.#errors ??= new Map();
    const outcome = this.#errors.get(code) ?? { count: 0, names: new Set<string>() };
    this.#errors.set(code, outcome);
    outcome.count++;
    if (name !== "" && outcome.names.size < MOST_NAMES) outcome.names.add(name);
  }

  /** How many of its answers have an RCODE. */
  count(code: number): number {
    return this.errors.get(code)?.count ?? 0;
  }
}

/** What resolvers answered to clients that the inside shows: the decoder tells of each answer. */
export class Resolvers implements Hearer {
  readonly unknownNames = new UnknownNames();
  readonly #asking = new Map<string, Asking>();
  /** When the last answers passed, by their clients and ids, the oldest first. */
  readonly #passedNs = new Map<number, bigint>();

  /** Those of whom anything was answered. */
  get all(): Iterable<Asking> {
    return this.#asking.values();
  }

  /** Whether a resolver answered a client. */
  has(client: string, resolver: string): boolean {
    return this.#asking.has(`${client} ${resolver}`);
  }

  take(side: Side, epochNs: bigint, said: Uint32Array, at: number): void {
    const isKnown = said[at + words.OUTCOME] === 0;
    if (side !== INSIDE || (isKnown && this.unknownNames.isFull)) return;
    const isIpv6 = said[at + words.IS_CLIENT_IPV6] === 1;
    const client = addressText(isIpv6, said, at + words.CLIENT);
    const from = said.byteOffset + 4 * (at + words.HEADER_WORDS);
    const name = nameText(new Uint8Array(said.buffer, from, said[at + words.NAME_BYTES]));
    if (isKnown) {
      this.unknownNames.know(client, name);
      return;
    }
    const resolver = addressText(isIpv6, said, at + words.ADDRESS);
    const stampNs = new Float64Array(said.buffer, said.byteOffset + 4 * at)[words.STAMP_NS];
    const timeNs = epochNs + BigInt(Math.round(stampNs));
    const code = said[at + words.OUTCOME] - words.OUTCOME_OF;
    const asking = this.#askingOf(client, resolver, timeNs);
    if (asking === undefined || !this.#isNew(asking, said[at + words.ID], timeNs)) return;
    asking.take(code, name, timeNs);
    if (code === NXDOMAIN) this.unknownNames.add(client, resolver, name);
  }

  /** Notes when an answer passed. Returns whether it is no answer that passed just before. */
  #isNew({ number }: Asking, id: number, timeNs: bigint): boolean {
    const key = IDS * number + id;
    const before = this.#passedNs.get(key);
    this.#passedNs.delete(key);
    this.#passedNs.set(key, timeNs);
    keepNewest(this.#passedNs, MOST_REMEMBERED);
    return before === undefined || timeNs - before >= SAME_NS || before - timeNs >= SAME_NS;
  }

  /** What a resolver answered to a client so far; undefined of one too many. */
  #askingOf(client: string, resolver: string, timeNs: bigint): Asking | undefined {
    const key = `${client} ${resolver}`;
    const known = this.#asking.get(key);
    if (known !== undefined || this.#asking.size === MOST_ASKING) return known;
    const asking = new Asking(this.#asking.size, client, resolver, timeNs);
    this.#asking.set(key, asking);
    return asking;
  }
}
