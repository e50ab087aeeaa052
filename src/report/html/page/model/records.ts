/** NDJSON's records, as far as a page reads them; `natcorr schema` has all of each. */

import type { Impact, Verdict } from "../../../../packets/results/verdicts.js";

export type SideName = "inside" | "outside";
export const SIDES: readonly SideName[] = ["inside", "outside"];

export interface Ends {
  readonly src: string;
  readonly dst: string;
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly icmpId?: number;
  readonly srcName?: string;
  readonly dstName?: string;
  readonly container?: string;
  readonly peer?: string;
}

export interface Quotes extends Ends {
  readonly proto: string;
  readonly ipId: number;
}

interface Form extends Ends {
  readonly frames: readonly number[];
  readonly capture?: number;
  readonly framesIn?: readonly number[];
  readonly time: string;
  readonly ipId: number;
  readonly ttl: number;
  readonly length: number;
  readonly quotes?: Quotes;
}

export type Direction = "outbound" | "inbound";

export interface Pair {
  readonly type: "pair";
  readonly flow: number;
  readonly proto: string;
  readonly direction: Direction;
  readonly nat: string;
  readonly rewrite: readonly string[];
  readonly by: string;
  readonly side?: SideName;
  readonly evidence: readonly string[];
  readonly retransmission?: boolean;
  readonly latencyNs: number;
  readonly missing?: readonly {
    readonly seq: number;
    readonly length: number;
    readonly impact?: Impact;
    readonly byFrame?: number;
  }[];
  readonly tcp?: { readonly seq: number; readonly ack: number; readonly flags: string; readonly payload: number };
  readonly icmp?: { readonly type: number; readonly code: number; readonly seq?: number };
  readonly inside: Form;
  readonly outside: Form;
}

/** What became of a frame without a twin. */
export interface Judged {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly impact?: Impact;
  readonly byFrame?: number;
  readonly byCapture?: number;
  readonly rule?: string;
  readonly why: string;
}

export interface Unmatched extends Ends, Judged {
  readonly type: "unmatched";
  readonly side: SideName;
  readonly frame: number;
  readonly capture?: number;
  readonly flow?: number;
  readonly time: string;
  readonly proto: string;
  readonly length: number;
}

export interface Update extends Judged {
  readonly type: "update";
  readonly side: SideName;
  readonly frame: number;
  readonly capture?: number;
}

export interface Latency {
  readonly minNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

export interface Flow {
  readonly type: "flow";
  readonly flow: number;
  readonly proto: string;
  readonly nat: string;
  readonly initiator: "inside" | "outside" | "unknown";
  readonly side?: SideName;
  readonly inside: Ends;
  readonly outside: Ends;
  readonly pairs: number;
  readonly bytes: number;
  readonly insideOnly: number;
  readonly outsideOnly: number;
  readonly first: string;
  readonly last: string;
  readonly latency: { readonly outbound: Latency | null; readonly inbound: Latency | null };
  readonly rule?: string;
  /** Of what the page makes up for packets without a flow: the only side that saw them. */
  readonly seenOn?: SideName;
}

export interface Finding {
  readonly type: "finding";
  readonly severity: "warning" | "info";
  readonly code: string;
  readonly count: number;
  readonly flows: readonly number[];
  readonly frames: Readonly<Record<SideName, readonly number[]>>;
  readonly framesIn?: Readonly<Record<SideName, readonly number[]>>;
  readonly more: number;
  readonly text: string;
  readonly hint: string;
  readonly rule?: string;
}

export interface Totals {
  readonly frames: number;
  readonly paired: number;
  readonly unmatched: number;
  readonly ambiguous: number;
  readonly notIp: number;
  readonly undecodable: number;
  readonly captureDropped: number;
  readonly counters: boolean;
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
}

export interface Summary {
  readonly type: "summary";
  readonly totals: Readonly<Record<SideName, Totals>>;
  readonly flowCount: number;
  /** Outside clock minus inside clock, nanoseconds. */
  readonly clock: { readonly offsetNs: number };
}

export interface Header {
  readonly type: "header";
  readonly program: string;
  readonly captures: Readonly<Record<SideName, readonly { readonly name: string; readonly counters: boolean }[]>>;
}

export type PageRecord = Header | Pair | Unmatched | Update | Flow | Finding | Summary;

/** What happened in time: a number for each bin. */
export interface StripData {
  readonly from: string;
  readonly binNs: number;
  readonly frames: Readonly<Record<SideName, readonly number[]>>;
  readonly pairs: Readonly<Record<Direction, readonly number[]>>;
  readonly latency: Readonly<
    Record<Direction, { readonly p50Ns: readonly (number | null)[]; readonly p99Ns: readonly (number | null)[] }>
  >;
  readonly troubles: Readonly<Record<string, readonly number[]>>;
}

/** What is said beside the records. */
export interface Facts {
  readonly text: Readonly<Record<"answer" | "published" | "totals" | "names", string>>;
  readonly strip: StripData;
  readonly said: readonly string[];
}

/** The records of some lines: as one array, which a browser parses in less time than one by one. */
export function parsed(lines: readonly string[]): PageRecord[] {
  const records: PageRecord[] = JSON.parse(`[${lines.filter((line) => line !== "").join(",")}]`);
  return records;
}

/** The records of the page, as whole lines, some at a time: all of a large page would be there twice, as text and as objects. */
export async function* readRecords(page: Document): AsyncGenerator<string> {
  let begun = "";
  for (const { textContent } of page.querySelectorAll("script.records")) {
    const text = begun + (await decompressed(textContent ?? ""));
    const whole = text.lastIndexOf("\n") + 1;
    begun = text.slice(whole);
    yield text.slice(0, whole);
  }
  yield begun;
}

export function readFacts(page: Document): Facts {
  const facts = page.querySelector("#facts");
  if (facts === null) throw new Error("the page is not complete: its run did not end");
  return JSON.parse(facts.textContent ?? "");
}

/** A loop, in a function that does not wait for anything, as V8 makes that fast after some calls: a function for each byte takes many times as long. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const characters = atob(base64);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes;
}

async function decompressed(base64: string): Promise<string> {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}
