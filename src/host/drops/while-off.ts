import type { Dropped } from "../../packets/results/drops.js";
import { timeOfDay } from "../rules/times/stood.js";
import type { Between } from "./between.js";
import { type Ground, packetsIn } from "./ground.js";
import { FORWARDING, GENERAL_FORWARDING } from "./route-grounds.js";

/**
 * What the host did not forward as that was off for a while: by the counter that has nothing else (net/ipv4/route.c, ip_error), and the setting where a reading has it. `dropped`:
 * those that nothing else certainly dropped. `grounds`: what else is known.
 */
export function whileOff(dropped: readonly Dropped[], grounds: readonly Ground[], between: Between): Ground[] {
  const [counter] = FORWARDING;
  const all = dropped.filter(({ isIpv6 }) => !isIpv6);
  const spans = between.spansAs(GENERAL_FORWARDING, "0");
  const isOffAt = (timeNs: bigint): boolean => spans.some(({ fromNs, toNs }) => fromNs <= timeNs && timeNs <= toNs);
  const then = all.filter(({ firstNs, lastNs }) => isOffAt(firstNs) && isOffAt(lastNs));
  const told = grounds.filter(({ cause }) => cause.counter === counter).flatMap((ground) => ground.kinds);
  const counted = between.moved(counter) ?? 0;
  const mayBe = counted - packetsIn(told);
  // it may have counted those of the time when the setting was read as 0; any, where no reading has that
  const kinds = spans.length > 0 ? then : all;
  if (kinds.length === 0 || packetsIn(kinds) > mayBe) return [];
  const others = counted - packetsIn(kinds);
  const readNs = spans.at(0)?.readNs;
  // where an interface never forwards, the counter may be of what comes by that one
  const own = between.sysctlsOfInterfaces("forwarding");
  if (readNs === undefined && !(own.length > 0 && own.every((value) => value === "1"))) return [];
  const said = readNs === undefined ? "or forwarding of their interface, was 0" : `was 0 by ${timeOfDay(readNs)}`;
  const text = `the host did not forward for a while: ${GENERAL_FORWARDING}${readNs === undefined ? ", " : " "}${said}; ${counter} counted ${counted}${others > 0 ? `, ${others} of them others` : ""}`;
  const hint = `sysctl ${GENERAL_FORWARDING} shows whether it forwards now; whatever writes it (sysctl -p, a firewall or a VPN that starts or stops) did so while packets were captured`;
  return [{ code: "drop-not-forwarded", kinds, isCertain: false, text, hint, cause: { counter, counted } }];
}
