import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, expect, it } from "vitest";
import { ConntrackKeeper } from "../../src/asking/keep-conntrack.js";
import { type ConntrackHeard, ConntrackTable } from "../../src/host/conntrack-table.js";
import { newsOf } from "../../src/host/snapshot/host-facts.js";
import { KnownHost } from "../../src/host/snapshot/known-host.js";
import { CHANGE_SCHEMA } from "../../src/host/snapshot/schema.js";
import type { ConntrackChange } from "../../src/host/snapshot/snapshot.js";
import { flow, START_NS } from "../host/flow.js";

const isChange = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(CHANGE_SCHEMA);
const SECOND_NS = 1_000_000_000n;
const at = (second: number): bigint => START_NS + BigInt(second) * SECOND_NS;

const query = (port: number): string =>
  `udp      17 30 src=172.17.0.3 dst=10.0.2.2 sport=${port} dport=53 packets=1 bytes=60 src=10.0.2.2 dst=10.0.2.15 sport=53 dport=${port} id=${port}`;
const event = (second: number, kind: string, port: number): string =>
  `[${at(second) / SECOND_NS}.000000]\t [${kind}] ${query(port)}`;

const HEARD: readonly ConntrackHeard[] = [
  { event: "listing", timeNs: at(-10) },
  query(1),
  { event: "listed", timeNs: at(-9) },
  event(1, "NEW", 2),
  { event: "lost", timeNs: at(100) },
  { event: "listing", timeNs: at(110) },
  query(1),
  query(3),
  { event: "listed", timeNs: at(111) },
  event(200, "DESTROY", 3),
];

let keeper: ConntrackKeeper | undefined;
afterEach(() => keeper?.close());

/** What is kept of all that, and said, where there is room for so many characters; and what whoever reads it knows. */
function kept(most?: number) {
  keeper = new ConntrackKeeper(most);
  const [changes, said]: [ConntrackChange[], string[]] = [[], []];
  // the first listing comes before anybody keeps it
  for (const each of HEARD.slice(0, 3)) keeper.take(each);
  keeper.keepIn((change) => changes.push(change), { warn: (text) => said.push(text) });
  for (const each of HEARD.slice(3)) keeper.take(each);
  keeper.flush();
  const known = new KnownHost();
  for (const each of changes) known.take(newsOf(JSON.parse(JSON.stringify(each))));
  return { changes, said, table: known.heard.conntrack ?? new ConntrackTable() };
}

const portsIn = (table: ConntrackTable): string[] =>
  Array.from(table.entries(), ({ originalText, isGone }) => `${originalText.split(" ")[1]}${isGone ? " gone" : ""}`);

it("keeps what conntrack says so that whoever reads it knows the same", () => {
  const { changes, said, table } = kept();
  expect(changes.every((change) => isChange(change))).toBe(true);
  expect(said).toEqual([]);
  const heard = new ConntrackTable();
  for (const each of HEARD) heard.hear(each);
  expect(portsIn(table)).toEqual(["172.17.0.3.1", "172.17.0.3.2 gone", "172.17.0.3.3 gone"]);
  expect(portsIn(table)).toEqual(portsIn(heard));
  expect(table.hearing).toMatchObject({ losses: 1, answers: 2, cutOffBy: "" });
});

const asked = (firstS: number, lastS: number) => ({
  ...flow("udp", "inside", "172.17.0.3.9 > 10.0.2.2.53", "10.0.2.15.9 > 10.0.2.2.53"),
  firstNs: at(firstS),
  lastNs: at(lastS),
});

it("of a flow that was over before events were lost, or began behind the next listing, all is known", () => {
  const { table } = kept();
  const times: [number, number][] = [
    [1, 80],
    [1, 95],
    [105, 106],
    [112, 113],
  ];
  expect(times.map((time) => table.hasAllOf(asked(...time)))).toEqual([true, false, false, true]);
});

it("says once that there is no more room, and of what comes behind, nothing is told", () => {
  const { changes, said, table } = kept(400);
  expect(changes.every((change) => isChange(change))).toBe(true);
  expect(changes.filter(({ conntrack: { event: what } }) => what === "full")).toHaveLength(1);
  expect(said).toEqual([expect.stringContaining("the file keeps no more of what conntrack says")]);
  expect(portsIn(table)).toEqual(["172.17.0.3.1", "172.17.0.3.2"]);
  expect(table.hearing.cutOffBy).toContain("no room in the file");
  expect(table.hasAllOf(asked(112, Number((BigInt(Date.now()) * 1_000_000n - START_NS) / SECOND_NS)))).toBe(false);
});
