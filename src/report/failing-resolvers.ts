import { type Finding, type FindingCode, findingOf, Gathered } from "../packets/results/findings.js";
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
 * Passes all results on, and tells at the end which resolvers answered (nearly) all that a client asked with errors: that they failed or refuse (`dns-failing`), or
 * that there are no such names (`dns-no-such-name`).
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
    const failing = [...this.#resolvers.all].flatMap((asking) => {
      const code = codeOf(asking);
      return code === undefined ? [] : [{ asking, code }];
    });
    for (const code of ["dns-failing", "dns-no-such-name"] as const) {
      const its = failing.filter((each) => each.code === code).map(({ asking }) => asking);
      if (its.length > 0) super.finding(this.#finding(code, its));
    }
    super.end(summary);
  }

  #finding(code: FindingCode, all: readonly Asking[]): Finding {
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
    return findingOf(code, errors, text, gathered);
  }

  /** `10.0.2.2 to web SERVFAIL 4 times (www.example.com), of 4 answers`. */
  #said({ client, resolver, errors, answers, firstNs, lastNs }: Asking): Sentence {
    const [fromNs, throughNs] = [firstNs, lastNs].map((ns) => Number(ns - this.tables.epochsNs[INSIDE]));
    const kinds = [...errors].map(([code, { count, names }]) => {
      const name = NAMES.find(([its]) => its === code)?.[1] ?? `RCODE ${code}`;
      return `${name} ${timesText(count)}${namesText([...names])}`;
    });
    const address = saidAddress(client, { fromNs, throughNs });
    return said`${resolver} to ${address} ${kinds.join(", ")}, of ${answers} answer${answers === 1 ? "" : "s"}`;
  }
}

/** ` (www.example.com, example.org …)`; empty where no name is known. */
function namesText(names: readonly string[]): string {
  const more = names.length > MOST_TOLD ? " …" : "";
  return names.length === 0 ? "" : ` (${names.slice(0, MOST_TOLD).join(", ")}${more})`;
}

/** What a client's answers come to; undefined of those that are as usual. */
function codeOf(asking: Asking): FindingCode | undefined {
  const failed = asking.count(SERVFAIL) + asking.count(REFUSED);
  const unknown = asking.count(NXDOMAIN);
  if (failed + unknown < LEAST_SHARE * asking.answers) return undefined;
  return failed >= unknown ? "dns-failing" : "dns-no-such-name";
}
