import type { Network, Path } from "./network.js";
import { SYN } from "./packet.js";
import type { Scenario } from "./scenarios.js";
import { Script } from "./script.js";
import { TcpEnds } from "./tcp-ends.js";

/** A probe that nobody answers: a flow of one packet. */
export function probe(network: Network, path: Path, scenario: Scenario): Script {
  const ends = new TcpEnds(network, path, scenario);
  return new Script(function* (clock) {
    ends.send(true, clock.nowNs, { flags: SYN, bytes: 0, poolAt: 0 });
  });
}
