import type { Actor } from "./actor.js";
import type { Network, Path } from "./network.js";
import { SYN } from "./packet.js";
import type { Scenario } from "./scenarios.js";
import { TcpEnds } from "./tcp-ends.js";

/** A probe that nobody answers: a flow of one packet. */
export function probe(network: Network, path: Path, scenario: Scenario): Actor {
  const ends = new TcpEnds(network, path, scenario);
  return {
    step: (nowNs) => {
      ends.send(true, nowNs, { flags: SYN, bytes: 0, poolAt: 0 });
      return -1;
    },
  };
}
