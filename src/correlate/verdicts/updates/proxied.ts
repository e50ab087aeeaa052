import { tupleIn } from "../../../packets/tuples.js";
import type { Recognised } from "../../matchers/contract.js";
import type { Matchers } from "../../matchers/matchers.js";
import { serviceOf } from "../captures/services.js";
import { WHY_TAKEN } from "../claims/taken.js";
import type { FlowBook } from "../flows/flow-book.js";
import type { Verdicts } from "../verdicts.js";
import { whySentAgain } from "../words.js";
import type { Told } from "./told.js";

interface AboutProxies extends Told {
  readonly matchers: Matchers;
  readonly verdicts: Verdicts;
  readonly book: FlowBook;
}

/** Tells what proxies on the host are known by now to have taken, of packets that were judged before. */
export function tellProxied(about: AboutProxies): void {
  const { verdicts, matchers } = about;
  for (const service of verdicts.taken.news()) tellTaken(about, service);
  for (const recognised of matchers.news()) tellRecognised(about, recognised);
}

/** A proxy is now known to take a service: it may have taken what was dropped of that on its way out. */
function tellTaken({ tuples, impacts, teller }: Told, service: number): void {
  for (const drop of impacts.open.takeUnexplained((way) => serviceOf(tuples, tupleIn(way)) === service))
    teller.tell(drop, { verdict: "unknown", reason: "proxy-keeps", why: WHY_TAKEN });
}

/** A proxy sent a datagram on, or sent it itself: tells of that as far as it is still looked after. */
function tellRecognised({ tuples, book, impacts, unknowns, teller }: AboutProxies, { spot, other }: Recognised): void {
  const unknown = unknowns.takeSighted(spot.side, spot.frame);
  const drops = impacts.open.takeOut(({ side, frame }) => side === spot.side && frame === spot.frame);
  const packets = unknown === undefined ? drops : [unknown, ...drops];
  const flow = book.flowOfTuple(spot.tuple);
  const why = whySentAgain(tuples, other);
  for (const packet of packets) teller.tell(packet, { verdict: "proxied", reason: "proxy", why }, flow);
  if (packets.length > 0) tuples.noteUnmatched(spot.tuple, false);
}
