import { expect, it } from "vitest";
import { outcomeOf, us } from "../../outcome.js";
import { CONTAINER, HOST, merged, SERVER } from "../../traffic.js";
import { answer, asked, known, query } from "../beside.js";

const AWAY = "198.51.100.77";
const routesBy = (address: string, name: string) => ({
  uncapturedTo: (to: string) => (to === address ? name : undefined),
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
