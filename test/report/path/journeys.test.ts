import { expect, it } from "vitest";
import type { Journey } from "../../../src/report/path/journey.js";
import { Journeys } from "../../../src/report/path/journeys.js";
import type { Crossing, Fate, Sighting, ToldPacket } from "../../../src/report/path/told.js";

const WINDOW_NS = 1000;
const FACTS = { proto: "udp", text: "UDP length 3" };
const none = (): number => 0;
const aheadNs = (point: number): number => 1000 * point;

const sighting = (point: number, atNs: number, ...frames: number[]): Sighting => ({
  point,
  frames,
  atNs,
  ends: { src: "172.17.0.2", srcPort: 1, dst: "203.0.113.1", dstPort: 2 },
  ipId: 1,
  ttl: 64,
  length: 100 * frames.length,
});

const crossing = (hop: number): Crossing => ({
  hop,
  flow: 1,
  isOutbound: true,
  latencyNs: 5,
  rewrite: [],
  by: "exact",
});

/** A pair of a hop. */
const pair = (hop: number, inside: Sighting, outside: Sighting, more: Partial<Crossing> = {}): ToldPacket => ({
  kind: "packet",
  seen: [inside, outside],
  facts: FACTS,
  crossing: { ...crossing(hop), ...more },
});

/** A packet that a hop has no twin for. */
const alone = (hop: number, seen: Sighting, verdict: Fate["verdict"] = "dropped"): ToldPacket => ({
  kind: "packet",
  seen: [seen],
  facts: FACTS,
  fate: { hop, side: seen.point === hop ? 0 : 1, frame: seen.frames[0], verdict, why: "so", flow: undefined },
});

/** Journeys over so many points, and what they tell. */
function over(points: number): { journeys: Journeys; told: Journey[] } {
  const told: Journey[] = [];
  return { journeys: new Journeys(points, WINDOW_NS, (journey) => told.push(journey)), told };
}

const where = ({ seen }: Journey): string => seen.map(({ point, frames }) => `${point}#${frames.join("+")}`).join(" ");

it("joins what hops pair, whichever tells first", () => {
  const { journeys, told } = over(3);
  journeys.take(1, pair(1, sighting(1, 20, 7), sighting(2, 30, 4)), none);
  journeys.take(0, pair(0, sighting(0, 10, 5), sighting(1, 20, 7)), none);
  journeys.pass(11);
  expect(told.map(where)).toEqual(["0#5 1#7 2#4"]);
  expect(told[0]).toMatchObject({ timeNs: 10, crossings: [{ hop: 0 }, { hop: 1 }], fates: [] });
  expect(journeys.frames).toEqual([1, 1, 1]);
});

it("waits until both hops of each frame have told of it, and those before it", () => {
  const { journeys, told } = over(3);
  journeys.take(0, pair(0, sighting(0, 10, 5), sighting(1, 20, 7)), none);
  journeys.take(0, alone(0, sighting(0, 12, 6)), none);
  journeys.pass(50);
  expect(told).toEqual([]);
  journeys.take(1, alone(1, sighting(1, 20, 7)), none);
  journeys.pass(50);
  expect(told.map(where)).toEqual(["0#5 1#7", "0#6"]);
  expect(told[0].fates).toMatchObject([{ hop: 1, verdict: "dropped" }]);
});

it("waits no longer than a hop may take", () => {
  const { journeys, told } = over(3);
  journeys.take(0, pair(0, sighting(0, 10, 5), sighting(1, 20, 7)), none);
  journeys.pass(20 + 2 * WINDOW_NS);
  expect(told).toEqual([]);
  journeys.pass(21 + 2 * WINDOW_NS);
  expect(told.map(where)).toEqual(["0#5 1#7"]);
});

it("makes one journey of what is one packet at a point and several at another", () => {
  const { journeys, told } = over(3);
  journeys.take(0, pair(0, sighting(0, 10, 1), sighting(1, 20, 1, 2), { by: "fragments" }), none);
  journeys.take(1, pair(1, sighting(1, 20, 1), sighting(2, 30, 8)), none);
  journeys.take(1, pair(1, sighting(1, 21, 2), sighting(2, 31, 9)), none);
  journeys.pass(40);
  expect(told.map(where)).toEqual(["0#1 1#1+2 2#8+9"]);
  expect(told[0].seen.map(({ length }) => length)).toEqual([100, 200, 200]);
});

it("shows a point twice where a packet was turned round", () => {
  const { journeys, told } = over(2);
  const before = sighting(1, 10, 3);
  const after = { ...sighting(1, 12, 4), ends: { ...before.ends, dst: "172.17.0.3" } };
  journeys.take(0, pair(0, before, after, { turnedAt: 1, by: "hairpin" }), none);
  journeys.pass(20);
  expect(told.map(where)).toEqual(["1#3 1#4"]);
});

it("counts time by the first point's clock", () => {
  const { journeys, told } = over(3);
  journeys.take(1, pair(1, sighting(1, 1020, 7), sighting(2, 2030, 4)), aheadNs);
  journeys.take(0, alone(0, sighting(1, 1020, 7), "local"), aheadNs);
  journeys.pass(100);
  expect(told.map(({ timeNs }) => timeNs)).toEqual([20]);
});

it("takes what became known of a frame as long as its journey waits", () => {
  const { journeys, told } = over(2);
  const update = {
    hop: 0,
    side: 0,
    frame: 6,
    flow: 1,
    isSelected: true,
    verdict: "refused",
    reason: "icmp-error",
    why: "an error",
    before: { verdict: "dropped" },
  } as const;
  expect(journeys.amend(0, update)).toBe(false);
  journeys.take(0, alone(0, sighting(0, 12, 6)), none);
  expect(journeys.amend(0, { ...update, frame: 7 })).toBe(false);
  expect(journeys.amend(0, update)).toBe(true);
  journeys.pass(50);
  expect(told[0].fates).toMatchObject([{ verdict: "refused", why: "an error" }]);
  expect(journeys.amend(0, update)).toBe(false);
});
