import { expect, it } from "vitest";
import { type About, FlowBook } from "../../../../src/correlate/verdicts/flows/flow-book.js";
import { Heap } from "../../../../src/packets/memory/heap.js";
import { INSIDE } from "../../../../src/packets/sides.js";
import { Timeline } from "../../../../src/packets/timeline.js";
import { UDP } from "../../../../src/protocols/ip-protocols.js";
import { FilledAccounts } from "../../../support/accounts.js";
import { FilledTable } from "../../../support/tuples.js";

const S = 1e9;

it("lets idle conversations go from 65,536 on, and again when there are a quarter more than were left", () => {
  const heap = new Heap();
  const tuples = new FilledTable(heap);
  const talk = (from: number, to: number, timeNs: number): void => {
    for (let n = from; n < to; n++) {
      const end = { words: [n, 0, 0, 0], port: 9 };
      tuples.saw(
        tuples.intern({ side: INSIDE, hash: Math.imul(n, 0x9e3779b1), proto: UDP, isIpv6: false, from: end, to: end }),
        timeNs,
      );
    }
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that is asked of them where there is no flow
  const about = {
    heap,
    tuples,
    timeline: new Timeline(heap, 1024),
    translations: { accounts: new FilledAccounts(heap, 16), retired: [], forgetCandidates: () => {} },
    matchers: { released: () => {}, unlinked: () => {} },
    findings: { flows: () => {} },
    impacts: { forget: () => {} },
    clashes: { resolve: () => {} },
    epochNs: 0n,
    sink: { mostFlows: 1 },
  } as unknown as About;
  const book = new FlowBook(about);
  talk(0, 65_535, S);
  expect(book.tidy(S)).toBe(false);
  talk(65_535, 65_536, S);
  expect(book.tidy(S)).toBe(true);
  expect([tuples.size, book.room]).toEqual([65_536, 16_384]);
  talk(65_536, 81_920, 11.5 * S);
  expect(book.tidy(11.5 * S)).toBe(true);
  expect([tuples.size, book.room]).toEqual([16_384, 49_152]);
});
