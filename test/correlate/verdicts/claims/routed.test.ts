import { describe, expect, it } from "vitest";
import { INSIDE } from "../../../../src/packets/sides.js";
import { icmp, ipv4 } from "../../../support/packets.js";
import { correlated, outcomeOf, type Stamped, us } from "../../outcome.js";
import { CONTAINER, HOST, merged, OTHER, SERVER } from "../../traffic.js";
import { answer, asked, known, query } from "../beside.js";

const AWAY = "198.51.100.77";
const routesBy = (address: string, name: string) => ({
  changes: 0,
  uncapturedTo: (to: string) => (to === address ? { name, isCertain: true, isByPolicy: false } : undefined),
  isCapturedTo: () => false,
  areNeighbours: () => undefined,
  isOwn: () => false,
});
const routes = routesBy(AWAY, "enp0s8");

it("what never came out is unknown where its route leaves by an interface that is not captured, unless its TTL ran out", async () => {
  const spent = us(3150, query({ src: CONTAINER, dst: AWAY, ipId: 31_001, ttl: 1, text: "how far?" }));
  const inside = merged(known.inside, [
    asked(AWAY),
    us(3100, query({ src: CONTAINER, dst: SERVER, ipId: 31_002, ttl: 64 })),
    spent,
  ]);
  const reasons = async (options: object) =>
    (await outcomeOf(inside, known.outside, options)).alone.map(({ verdict, reason }) => `${verdict} ${reason}`);
  expect(await reasons({ routes })).toEqual(["unknown routed-elsewhere", "dropped no-twin", "dropped ttl-spent"]);
  expect(await reasons({})).toEqual(["dropped no-twin", "dropped no-twin", "dropped ttl-spent"]);
});

it("what never came out is unknown where how the host forwarded then is forgotten", async () => {
  const forgotten = { ...routes, uncapturedTo: () => ({ name: undefined, isCertain: false, isByPolicy: false }) };
  const { alone } = await outcomeOf(merged(known.inside, [asked(AWAY)]), known.outside, { routes: forgotten });
  expect(alone).toMatchObject([{ verdict: "unknown", reason: "routed-elsewhere" }]);
  expect(alone[0].why).toContain("but how the host forwarded then is not known");
});

/** What becomes of packets beside `known`. */
const reasonsFor = async (inside: readonly Stamped[], outside: readonly Stamped[], options: object) =>
  (await outcomeOf(merged(known.inside, inside), merged(known.outside, outside), options)).alone.map(
    ({ verdict, reason }) => `${verdict} ${reason}`,
  );

/** As what one who is asked is seen to answer, on either side. */
const [ANSWERED, ANSWERED_OUTSIDE] = [
  { dst: CONTAINER, ttl: 52, lateUs: 20 },
  { dst: HOST, ttl: 53, lateUs: 0 },
];
const asking = (n: number) => us(3000 + 100 * n, query({ src: CONTAINER, dst: AWAY, ipId: 200 + n, ttl: 64 }));
const answering = (n: number, { dst, ttl, lateUs }: typeof ANSWERED) =>
  us(3050 + 100 * n + lateUs, answer({ src: AWAY, dst, ipId: 300 + n, ttl, text: `so ${n}` }));
const refusing = ({ dst, ttl, lateUs }: typeof ANSWERED) => {
  const payload = query({ src: dst, dst: AWAY, ipId: 204, ttl: 60 }).subarray(0, 28);
  return us(3450 + lateUs, ipv4({ src: AWAY, dst, id: 7, ttl }, icmp({ type: 3, code: 3, payload })));
};

describe("what was forwarded, and never came out, is elsewhere where its route leaves by an interface that is not captured", () => {
  it.each([
    ["as the other end speaks from behind a router", 53, AWAY, "elsewhere forwarded-elsewhere"],
    ["not where the route is a captured one, or nobody knows it", 53, SERVER, "unknown forwarded-unseen"],
    ["not where no router is between them: the host, or a neighbour, speaks", 64, AWAY, "local no-hop"],
  ])("%s", async (_, ttl, routed, said) => {
    const spoken = [asked(AWAY), us(3070, answer({ src: AWAY, dst: CONTAINER, ipId: 9, ttl, text: "here" }))];
    expect(await reasonsFor(spoken, [], { routes: routesBy(routed, "enp0s8") })).toEqual([said, said]);
  });

  it("as answers to its sender cross, or an error about it does", async () => {
    const inside = [0, 1, 2].map((n) => answering(n, ANSWERED));
    const outside = [0, 1, 2].map((n) => answering(n, ANSWERED_OUTSIDE));
    const alone = async (options: object) =>
      reasonsFor(
        merged([0, 1, 2, 4].map(asking), inside, [refusing(ANSWERED)]),
        merged(outside, [refusing(ANSWERED_OUTSIDE)]),
        options,
      );
    expect(await alone({ routes })).toEqual(Array(4).fill("elsewhere forwarded-elsewhere"));
    expect(await alone({})).toEqual(Array(4).fill("unknown forwarded-unseen"));
  });
});

it("the route is that to where a translation sends it", async () => {
  const crossed = [CONTAINER, HOST].map((src, at) =>
    us(3000 + at, query({ src, dst: SERVER, ipId: 31_003, ttl: 64 - at })),
  );
  const lost = us(3100, answer({ src: SERVER, dst: HOST, ipId: 31_004, ttl: 53 }));
  const { alone } = await outcomeOf(merged(known.inside, [crossed[0]]), merged(known.outside, [crossed[1], lost]), {
    routes: routesBy(CONTAINER, "br-app"),
  });
  expect(alone.map(({ why }) => why)).toEqual([
    `no packet like it came out on inside before that ended, but the host's route to ${CONTAINER} leaves by br-app, which is not captured`,
  ]);
});

it("policy rules are asked for the source of what comes, and what they only may send elsewhere is unknown, not elsewhere", async () => {
  const asking: unknown[] = [];
  const by = (isCertain: boolean) => ({
    ...routes,
    uncapturedTo: (to: string, seen: unknown) => {
      asking.push([to, seen]);
      return to === AWAY ? { name: "enp0s8", isCertain, isByPolicy: true } : undefined;
    },
  });
  const reasons = async (inside: readonly Stamped[], isCertain: boolean) =>
    (await outcomeOf(merged(known.inside, inside), known.outside, { routes: by(isCertain) })).alone.map(
      ({ verdict, reason, why }) => [`${verdict} ${reason}`, why.split(", but ").at(-1)],
    );
  const route = `the host's route from ${CONTAINER} to ${AWAY}, by its policy rules,`;
  expect(await reasons([asked(AWAY)], true)).toEqual([
    ["unknown routed-elsewhere", `${route} leaves by enp0s8, which is not captured`],
  ]);
  expect(asking[0]).toEqual([AWAY, { src: CONTAINER, side: INSIDE, source: 0, timeNs: expect.any(BigInt) }]);
  expect(await reasons([asked(AWAY)], false)).toEqual([
    ["unknown routed-elsewhere", `${route} may leave by enp0s8, which is not captured`],
  ]);
  const spoken = [asked(AWAY), us(3070, answer({ src: AWAY, dst: CONTAINER, ipId: 9, ttl: 53, text: "here" }))];
  const said = async (isCertain: boolean) => (await reasons(spoken, isCertain)).map(([reason]) => reason);
  expect(await said(true)).toEqual(Array(2).fill("elsewhere forwarded-elsewhere"));
  expect(await said(false)).toEqual(Array(2).fill("unknown forwarded-unseen"));
  // others that go there may take another way, and cross
  const [entered, left] = [CONTAINER, HOST].map((src, at) =>
    us(2900 + at, query({ src: at === 0 ? OTHER : src, dst: AWAY, ipId: 31_009, ttl: 64 - at, text: "and I?" })),
  );
  const both = async (isByPolicy: boolean) =>
    (
      await outcomeOf(merged(known.inside, [entered], spoken), merged(known.outside, [left]), {
        routes: { ...routes, uncapturedTo: () => ({ name: "enp0s8", isCertain: true, isByPolicy }) },
      })
    ).alone.map(({ verdict }) => verdict);
  expect(await both(true)).toEqual(Array(2).fill("elsewhere"));
  expect(await both(false)).toEqual(Array(2).fill("unknown"));
});

it("what was dropped may have left elsewhere once the host's routes turn out to have changed, which updates say", async () => {
  const [first, second] = [3100, 3150].map((atUs, n) =>
    us(atUs, query({ src: CONTAINER, dst: [AWAY, SERVER][n], ipId: 31_010 + n, ttl: 64 })),
  );
  // nothing is known of it while packets are judged
  const late = (changes: number) => {
    let asked = 0;
    return {
      ...routes,
      get changes() {
        return asked > 1 ? changes : 0;
      },
      uncapturedTo: (to: string) =>
        ++asked > 2 && to === AWAY ? { name: "enp0s8", isCertain: false, isByPolicy: false } : undefined,
    };
  };
  const told = async (changes: number) => {
    const { updates } = await correlated(merged(known.inside, [first, second]), known.outside, {
      routes: late(changes),
    });
    return updates.map(({ verdict, reason, why, before }) => [before.verdict, verdict, reason, why]);
  };
  const route = `the host's route to ${AWAY} changed about then, and may leave by enp0s8, which is not captured`;
  const why = `no packet like it came out on outside, but ${route}`;
  expect(await told(1)).toEqual([["dropped", "unknown", "routed-elsewhere", why]]);
  expect(await told(0)).toEqual([]);
});

/** Routes by which the one or the other are neighbours. */
const linking = (areNeighbours: (one: string, other: string) => boolean | undefined) => ({
  routes: { changes: 0, uncapturedTo: () => undefined, isCapturedTo: () => false, isOwn: () => false, areNeighbours },
});

it("what goes to another link of the host's is dropped, be its address one of a neighbour as it looks; and a neighbour is one by the routes", async () => {
  const [near, far] = ["172.17.3.9", "172.16.3.9"];
  const inside = merged(known.inside, [
    asked(near),
    us(3200, query({ src: CONTAINER, dst: far, ipId: 31_005, ttl: 64 })),
  ]);
  const reasons = async (options: object) =>
    (await outcomeOf(inside, known.outside, options)).alone.map(({ verdict, reason }) => `${verdict} ${reason}`);
  expect(await reasons(linking((_, to) => to === far))).toEqual(["dropped no-twin", "local same-link"]);
  expect(await reasons(linking(() => undefined))).toEqual(["local same-link", "dropped no-twin"]);
});

it("what goes to an address that others left for is not between neighbours, whatever it looks like", async () => {
  const uplink = "172.17.200.2";
  const crossed = [CONTAINER, HOST].map((src, at) =>
    us(2000 + at, query({ src, dst: uplink, ipId: 31_006, ttl: 64 - at, text: "who is it?" })),
  );
  const lost = us(3150, query({ src: OTHER, dst: uplink, ipId: 31_007, ttl: 64, text: "and I?" }));
  const reasons = async (before: Stamped[][]) => {
    const [inside, outside] = [known.inside, known.outside].map((side, at) => merged(side, before[at] ?? []));
    return (await outcomeOf(merged(inside, [lost]), outside)).alone.map(
      ({ verdict, reason }) => `${verdict} ${reason}`,
    );
  };
  expect(await reasons([[crossed[0]], [crossed[1]]])).toEqual(["dropped no-twin"]);
  expect(await reasons([])).toEqual(["local same-link"]);
});
