import { field, fields, flag } from "./memory/layout.js";

/** Row numbers of a `Timeline` wrap here, so that they fit a small integer of V8's however long a run lasts. */
export const ROW_BITS = 30;
fields();
export const [, ROW_MASK] = field(ROW_BITS);

/** Whether a row is older than another one; `first` is the oldest. */
export function isOlder(first: number, row: number, other: number): boolean {
  return ((row - first) & ROW_MASK) < ((other - first) & ROW_MASK);
}

/** Rows are in sections of so many, as bits. Where these begin is in a table of all that row numbers can name. */
export const SECTION_BITS = 15;
fields();
export const [, SECTION_MASK] = field(SECTION_BITS);
export const SECTION_ROWS = SECTION_MASK + 1;

/**
 * The word that a section has for each row: in the highest bits its state, as whoever goes along the timeline looks at nothing else of most packets, then
 * whether nothing is noted of it elsewhere, and its side. Below that is where the rest is, or what is left of it (see `fates.ts`): how far away its twin is, and
 * whether they went outbound (1).
 */
fields();
const [, OUTBOUND_MASK] = field(1);
const [AWAY_SHIFT, AWAY_MASK] = field(25);
const [SIDE_SHIFT, SIDE_MASK] = field(1);
const IS_UNNOTED = flag();
const [STATE_SHIFT] = field(4);
const REST_MASK = ~(-1 << SIDE_SHIFT);
const STATE_MASK = -1 << STATE_SHIFT;
/** Of a row of which nothing is noted. */
export function rowWord(state: number, side: number, rest: number): number {
  return (state << STATE_SHIFT) | IS_UNNOTED | (side << SIDE_SHIFT) | rest;
}
export function stateIn(word: number): number {
  return word >>> STATE_SHIFT;
}
/** The lowest word in a state. */
export function leastIn(state: number): number {
  return state << STATE_SHIFT;
}
export function withState(word: number, state: number): number {
  return (word & ~STATE_MASK) | (state << STATE_SHIFT);
}
export function isNotedIn(word: number): boolean {
  return (word & IS_UNNOTED) === 0;
}
export function withNote(word: number): number {
  return word & ~IS_UNNOTED;
}
export function sideIn(word: number): number {
  return (word >>> SIDE_SHIFT) & SIDE_MASK;
}
export function restIn(word: number): number {
  return word & REST_MASK;
}
export function withRest(word: number, rest: number): number {
  return (word & ~REST_MASK) | rest;
}
/** What is left of a row whose twin is so far away. */
export function leftOf(away: number, outbound: number): number {
  return ((away << AWAY_SHIFT) | outbound) & REST_MASK;
}
export function outboundLeft(rest: number): number {
  return rest & OUTBOUND_MASK;
}
export function awayLeft(rest: number): number {
  return (rest << (32 - SIDE_SHIFT)) >> (32 - SIDE_SHIFT + AWAY_SHIFT);
}
export const MOST_AWAY = (AWAY_MASK + 1) >> 1;
