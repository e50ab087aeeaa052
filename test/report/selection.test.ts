import { expect, it } from "vitest";
import { NO_CONTAINERS } from "../../src/packets/results/containers.js";
import { type Sink, wantsUpdate } from "../../src/packets/results/results.js";
import { type Verdict, VERDICTS } from "../../src/packets/results/verdicts.js";
import { findingOf } from "../../src/packets/results/findings.js";
import { oneFlow } from "../../src/packets/results/gathered.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { Asked } from "../../src/report/asked.js";
import { Failing } from "../../src/report/failing.js";
import { NdjsonReporter } from "../../src/report/ndjson/ndjson.js";
import { Selected, type Selection } from "../../src/report/selection.js";
import { articlePing, FLOW, HandFilled, publishedPort, SUMMARY, UDP, UPDATE } from "./tables.js";

const LEAK = findingOf("leak", 2, "untranslated", oneFlow(FLOW));
const PORT = findingOf("port-rewritten", 1, "another port");

/** Two pairs of two flows, what has no twin of every verdict (the first of flow 1), two findings. */
function told(sink: Sink, tables: HandFilled): void {
  const [ping, web] = [articlePing(tables), publishedPort(tables)];
  sink.begin(tables);
  if (sink.wantsPairs) {
    sink.pair(ping.inside, ping.outside, ping.flow, true, 29_000);
    sink.pair(web.inside, web.outside, web.flow, false, 5_000_000);
  }
  for (const [at, verdict] of VERDICTS.entries()) {
    const ends = { src: "172.17.0.2", srcPort: 5000, dst: "203.0.113.5", dstPort: 53 };
    const row = tables.add({ side: INSIDE, proto: UDP, ...ends, frame: at + 1, ...(at === 0 && { flow: 1 }) });
    if (sink.wantsVerdict(verdict))
      sink.unmatched(row, {
        verdict,
        reason: "no-twin",
        why: "as it is",
        ...(verdict === "dropped" && { impact: "lost" as const }),
      });
    if (at === 0 && wantsUpdate(sink, UPDATE)) sink.update({ ...UPDATE, flow: 1 });
    if (at === 0) sink.ambiguous([row], [], "alike");
  }
  for (const finding of [LEAK, PORT]) sink.finding(finding);
  sink.end(SUMMARY);
}

/** A selection of what words ask for. */
interface Words extends Partial<Omit<Selection, "asked">> {
  readonly only?: ReadonlySet<string>;
  readonly hidden?: ReadonlySet<Verdict>;
}

/** What is shown, by a word each, in order. */
function shown({ only, hidden = new Set(), ...selection }: Words): string[] {
  let text = "";
  const reporter = new NdjsonReporter((utf8) => (text += Buffer.from(utf8).toString()), {
    quiet: false,
    program: "0.0.0",
  });
  told(new Selected(reporter, { asked: new Asked(only, hidden), isFiltered: false, ...selection }), new HandFilled());
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .map(({ type, verdict, code, flow }) => verdict ?? code ?? (type === "pair" ? `pair of ${flow}` : type));
}

/** Containers that go by these words, where 172.17.0.2 is one. */
function of(...words: readonly string[]): Selection["ofContainers"] {
  const web = { name: "web", words: new Set(["web", "front"]), ids: new Set<string>() };
  const having = (address: string) => (address === "172.17.0.2" ? web : undefined);
  return { containers: { ...NO_CONTAINERS, having }, words: new Set(words) };
}

const [FIRST, LAST] = ["header", "summary"];

it.each([
  [{}, ["pair of 1", "pair of 2", "dropped", "refused", "ambiguous", ...VERDICTS.slice(1), "leak", "port-rewritten"]],
  [{ hidden: new Set(["local", "proxied"] as const), only: new Set(["local", "unknown"]) }, ["unknown"]],
  [{ only: new Set(["pair"]) }, ["pair of 1", "pair of 2"]],
  [{ only: new Set(["problem"]) }, ["dropped", "refused", "refused", "leak"]],
  [{ only: new Set(["lost"]) }, ["dropped", "refused"]],
  [{ only: new Set(["refused"]) }, ["refused", "refused"]],
  [{ only: new Set(["resent"]) }, []],
  [{ only: new Set(["refused"]), isSummedUp: true }, ["dropped", "refused", ...VERDICTS.slice(1)]],
  [{ only: new Set(["local", "pair"]), isSummedUp: true }, ["pair of 1", "pair of 2", "local"]],
  [{ only: new Set(["ambiguous", "port-rewritten"]) }, ["ambiguous", "port-rewritten"]],
  [{ flows: new Set([1]) }, ["pair of 1", "dropped", "refused", "ambiguous", "leak"]],
  [{ flows: new Set([1]), only: new Set(["dropped"]) }, ["dropped", "refused"]],
  [{ slowerThanNs: 1e6, only: new Set(["pair"]) }, ["pair of 2"]],
  [{ ofContainers: of("web"), only: new Set(["pair", "leak"]) }, ["pair of 1", "pair of 2", "leak"]],
  [{ ofContainers: of("front", "other"), only: new Set(["pair"]) }, ["pair of 1", "pair of 2"]],
  [{ ofContainers: of("other") }, ["port-rewritten"]],
] as const)("%j shows what it says, and the totals of all", (selection, expected) => {
  expect(shown(selection)).toEqual([FIRST, ...expected, LAST]);
});

it("does not have a run wait for pairs that are not shown", () => {
  const reporter = new NdjsonReporter(() => {}, { quiet: false, program: "0.0.0" });
  const wantsPairs = (only: string) =>
    new Selected(reporter, { asked: new Asked(new Set([only]), new Set()), isFiltered: false }).wantsPairs;
  expect([wantsPairs("pair"), wantsPairs("dropped")]).toEqual([true, false]);
});

it.each([
  [[], ""],
  [["leak"], "leak (2)"],
  [["problem", "dropped"], "problem (3), dropped (4)"],
  [["ambiguous", "copy"], ""],
  [["pair", "local"], "pair (16), local (5)"],
])("a run that is to fail on %j says on what it did", (on, expected) => {
  const failing = new Failing(new NdjsonReporter(() => {}, { quiet: false, program: "0.0.0" }), new Set(on), false);
  failing.begin(new HandFilled());
  failing.finding(LEAK);
  failing.finding(findingOf("dropped", 4, "as the verdicts say"));
  const verdicts = [
    new Map([["dropped", 4]] as const),
    new Map([
      ["refused", 1],
      ["local", 5],
    ] as const),
  ] as const;
  failing.end({ ...SUMMARY, verdicts });
  expect(failing.text).toBe(expected);
});

/** What a run that is to fail on drops, and on lost frames, says of those that are selected: five drops of each side, and what becomes known of so many of the inside. */
const moved = (count: number): string => {
  const failing = new Failing(
    new NdjsonReporter(() => {}, { quiet: true, program: "0" }),
    new Set(["dropped", "capture-loss"]),
    true,
  );
  const tables = new HandFilled();
  failing.begin(tables);
  for (let n = 0; n < 10; n++)
    failing.unmatched(tables.add({ side: n < 5 ? INSIDE : OUTSIDE, proto: UDP, src: "172.17.0.3", dst: "10.0.2.2" }), {
      verdict: "dropped",
      reason: "no-twin",
      why: "",
      impact: "lost",
    });
  const before = { verdict: "dropped", impact: "lost" } as const;
  const of = { side: INSIDE, frame: 1, flow: undefined, isSelected: true } as const;
  failing.update({ ...of, verdict: "dropped", impact: "resent", reason: "no-twin", why: "", before });
  failing.moved({ side: INSIDE, verdict: "capture-loss", before, count });
  failing.end(SUMMARY);
  return failing.text;
};

it("what nobody tells one by one may be any that is selected, and counts by what it is last", () => {
  expect([0, 3, 4, 100].map(moved)).toEqual([
    "dropped (10)",
    "dropped (7), capture-loss (3)",
    "dropped (6), capture-loss (4)",
    "dropped (6), capture-loss (4)",
  ]);
});
