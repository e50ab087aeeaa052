import { expect, it } from "vitest";
import { filler, ipv4, udp } from "../../../support/packets.js";
import { outcomeOf, us } from "../../outcome.js";
import { CONTAINER, conversation, merged } from "../../traffic.js";

const known = conversation(60);
const GATEWAY = "172.17.0.1";

const VXLAN = udp({ srcPort: 50_000, dstPort: 4789, payload: filler(60) });
const OTHER_UDP = udp({ srcPort: 50_000, dstPort: 4000, payload: filler(60) });

it.each([
  ["what may carry packets through a tunnel", VXLAN, "unknown in-tunnel"],
  ["anything else", OTHER_UDP, "local same-link"],
])("%s to the host's end of the inside link is said to be that", async (_, carried, said) => {
  const sent = us(3000, ipv4({ src: CONTAINER, dst: GATEWAY, id: 77, ttl: 64 }, carried));
  const { alone } = await outcomeOf(merged(known.inside, [sent]), known.outside);
  expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual([said]);
});
