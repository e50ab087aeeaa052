import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Messages } from "../../src/cli/messages.js";

const CUT = "\u001B[?7l";
const WRAP = "\u001B[?7h";

let said: string[];

beforeEach(() => {
  said = [];
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});
afterEach(() => void vi.useRealTimers());

function messages(isTerminal: boolean): Messages {
  const [rows, columns] = isTerminal ? [24, 30] : [undefined, undefined];
  return new Messages({ isTerminal, rows, columns, write: (text) => said.push(text) }, 30);
}

it("shows progress after a second, in the place of what was shown before", () => {
  const shown = messages(true);
  let lines = "one";
  shown.showProgress(() => lines);
  vi.advanceTimersByTime(999);
  expect(said).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(said).toEqual([`${CUT}one${WRAP}`]);
  lines = "one\ntwo\nthree";
  vi.advanceTimersByTime(200);
  expect(said.slice(1)).toEqual(["\r\u001B[J", `${CUT}one\ntwo\nthree${WRAP}`]);
  vi.advanceTimersByTime(200);
  expect(said[3]).toBe("\u001B[2A\r\u001B[J");
});

it("takes progress away before a warning, and in the end", () => {
  const shown = messages(true);
  shown.showProgress(() => "one\n");
  vi.advanceTimersByTime(1000);
  shown.warn("the disk is full");
  expect(said.slice(1)).toEqual(["\u001B[1A\r\u001B[J", "natcorr: the disk is full\n"]);
  shown.endProgress();
  vi.advanceTimersByTime(1000);
  expect(said).toHaveLength(3);
});

it("folds a warning that is wider than it may be", () => {
  for (const text of ["the disk is full, and nothing is kept", "the disk is full"]) messages(true).warn(text);
  expect(said).toEqual(["natcorr: the disk is full, and\n    nothing is kept\n", "natcorr: the disk is full\n"]);
});

it("shows no progress where there is no terminal", () => {
  const shown = messages(false);
  shown.showProgress(() => "one");
  vi.advanceTimersByTime(5000);
  shown.endProgress();
  expect(said).toEqual([]);
});
