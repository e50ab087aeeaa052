import { expect, it } from "vitest";
import type { Kernel } from "../../../src/correlate/kernel/kernel.js";
import { Translations } from "../../../src/correlate/kernel/translations.js";
import { Flow } from "../../../src/packets/flows/flows.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { Timeline } from "../../../src/packets/timeline.js";
import { FilledAccounts } from "../../support/accounts.js";
import { FilledTable } from "../../support/tuples.js";

it("says which flow is in a slot, without an object for each that was ever asked for", () => {
  const heap = new Heap();
  const accounts = new FilledAccounts(heap);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing is asked of it
  const kernel = {} as unknown as Kernel;
  const translations = new Translations(accounts, new Timeline(heap, 16), new FilledTable(heap), kernel);
  const open = (id: number, slot: number) => accounts.open(new Flow(id, slot, 0, 0, false, true, 0, 0));
  open(1, 3);
  open(2, 3 + 8192);
  const first = translations.flowAt(3);
  expect([first.id, translations.flowAt(3)]).toEqual([1, first]);
  expect(translations.flowAt(3 + 8192).id).toBe(2);
  expect(translations.flowAt(3)).not.toBe(first);
  translations.free(3);
  open(4, 3);
  expect(translations.flowAt(3).id).toBe(4);
});
