import { type Finding, findingOf, ofNamed } from "../packets/results/findings.js";
import { Gathered, Named } from "../packets/results/gathered.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import type { Asking, Resolvers } from "../packets/results/resolvers.js";
import type { FlowSummary, Sink, Summary } from "../packets/results/results.js";
import { Few } from "../packets/results/few.js";
import { said, saidAddress, saidFew, type Sentence, timesText } from "../packets/results/sentence.js";
import { INSIDE } from "../packets/sides.js";
import { NXDOMAIN, PORT, REFUSED, SERVFAIL } from "../protocols/dns.js";

/** By their RCODE (RFC 1035 section 4.1.1). */
const NAMES: readonly (readonly [number, string])[] = [
  [SERVFAIL, "SERVFAIL"],
  [REFUSED, "REFUSED"],
  [NXDOMAIN, "NXDOMAIN"],
];

/** So much of what a client is answered, at the least, is an error where a resolver fails: a search list makes some of any answers NXDOMAIN. */
const LEAST_SHARE = 0.9;

/** So many names are told. */
const MOST_TOLD = 2;

/**
 * Passes all results on, and tells at the end which resolvers answered (nearly) all that a client asked with errors, most of them that they failed or refuse (`dns-failing`), and
 * which names there are none of, in whichever form they were asked for (`dns-no-such-name`).
 */
export class FailingResolvers extends PassingSink {
  readonly #resolvers: Resolvers;
  /** The flows of those who ask and who answer, by both, as far as flows are told of. */
  readonly #flows = new Map<string, Gathered>();

  constructor(next: Sink, resolvers: Resolvers) {
    super(next);
    this.#resolvers = resolvers;
  }

  override flow(flow: FlowSummary): void {
    const { proto, inside } = flow;
    if (proto === "udp" && inside.dstPort === PORT && this.#resolvers.has(inside.src, inside.dst)) {
      const key = `${inside.src} ${inside.dst}`;
      const flows = this.#flows.get(key) ?? new Gathered();
      this.#flows.set(key, flows);
      flows.addFlow(flow);
    }
    super.flow(flow);
  }

  override end(summary: Summary): void {
    const failing = [...this.#resolvers.all].filter(isFailing);
    if (failing.length > 0) super.finding(this.#failing(failing));
    for (const finding of this.#unknown(new Set(failing))) super.finding(finding);
    super.end(summary);
  }

  /** About names that there are none of, beside what resolvers that fail say. */
  #unknown(failing: ReadonlySet<Asking>): Finding[] {
    const unknown = new Named();
    const gathered = new Set<Gathered>();
    const known = new Map([...this.#resolvers.all].map((asking) => [`${asking.client} ${asking.resolver}`, asking]));
    for (const { client, resolver, name, count } of this.#resolvers.unknownNames.all) {
      const key = `${client} ${resolver}`;
      const asking = known.get(key);
      if (asking === undefined || failing.has(asking)) continue;
      // nothing tells which flow asked for which name: all did where there is no other answer
      const flows = asking.count(NXDOMAIN) === asking.answers ? this.#flows.get(key) : undefined;
      if (flows !== undefined && !gathered.has(flows)) unknown.addAll(flows);
      if (flows !== undefined) gathered.add(flows);
      unknown.named.add(said`${name} (${resolver} to ${this.#saidClient(asking)}, ${timesText(count)})`);
    }
    return ofNamed("dns-no-such-name", unknown, "resolvers say that there is no such name");
  }

  #failing(all: readonly Asking[]): Finding {
    const gathered = new Gathered();
    const named = new Few<Sentence>();
    let errors = 0;
    for (const asking of all) {
      const flows = this.#flows.get(`${asking.client} ${asking.resolver}`);
      if (flows !== undefined) gathered.addAll(flows);
      for (const { count } of asking.errors.values()) errors += count;
      named.add(this.#said(asking));
    }
    const text = said`resolvers answer (nearly) nothing but errors: ${saidFew(named)}`;
    return findingOf("dns-failing", errors, text, gathered);
  }

  #saidClient({ client, firstNs, lastNs }: Asking): Sentence {
    const [fromNs, throughNs] = [firstNs, lastNs].map((ns) => Number(ns - this.tables.epochsNs[INSIDE]));
    return saidAddress(client, { fromNs, throughNs });
  }

  /** `10.0.2.2 to web SERVFAIL 4 times (www.example.com), of 4 answers`. */
  #said(asking: Asking): Sentence {
    const { resolver, errors, answers } = asking;
    const kinds = [...errors].map(([code, { count, names }]) => {
      const name = NAMES.find(([its]) => its === code)?.[1] ?? `RCODE ${code}`;
      return `${name} ${timesText(count)}${namesText([...names])}`;
    });
    return said`${resolver} to ${this.#saidClient(asking)} ${kinds.join(", ")}, of ${answers} answer${answers === 1 ? "" : "s"}`;
  }
}

/** ` (www.example.com, example.org …)`; empty where no name is known. */
function namesText(names: readonly string[]): string {
  const more = names.length > MOST_TOLD ? " …" : "";
  return names.length === 0 ? "" : ` (${names.slice(0, MOST_TOLD).join(", ")}${more})`;
}

/** Whether (nearly) nothing but errors came, and most of them say that the resolver fails. */
function isFailing(asking: Asking): boolean {
  const failed = asking.count(SERVFAIL) + asking.count(REFUSED);
  const unknown = asking.count(NXDOMAIN);
  return failed >= unknown && failed + unknown >= LEAST_SHARE * asking.answers && failed > 0;
}
