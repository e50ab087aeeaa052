import { HAS_IP_ID, HAS_TCP_NUMBERS, IS_ERROR } from "../../../packets/packets.js";
import { ALTERED_IP_ID } from "../../../packets/results/evidence.js";
import { otherSide } from "../../../packets/sides.js";
import { NONE } from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { SYN } from "../../../protocols/tcp.js";
import { PENDING } from "../../kernel/buckets-words.js";
import {
  CONFLICT,
  IMPOSSIBLE,
  IS_BACKWARD,
  goesOutbound,
  KNOWN,
  POSSIBLE,
  RELATION_MASK,
} from "../../kernel/relations.js";
import { alterations } from "../../../packets/content.js";
import type { About } from "../contract.js";
import { type SegmentKind, NO_SEGMENT, SEGMENT, SYN_SEGMENT } from "./survivors.js";

/** So many with a packet's key are looked at, at the most, for one of its flow. */
const MOST_LOOKED_AT = 64;

/** How two packets of one content stand to each other, where the router may have rewritten more than their addresses: those compared last. */
export class Comparison {
  isOutbound = false;
  /** How much later the outside one was stamped, nanoseconds. */
  gapNs = 0;
  /** Whether one would have left before it entered, but for clocks that may not be one: such are no twins, and others are not for certain. */
  isEarly = false;
  /** What differs in them: ALTERED_… bits. */
  changes = 0;
  isOneVersion = false;
  /** Whether they have their IP ID in common, and the router gives none of its own: else one that is the same on both sides is so by chance. */
  isSameId = false;
  kind: SegmentKind = NO_SEGMENT;
  /** The flags of the one that entered. Where a router gives IP IDs of its own, a sender's may be 0 by chance: it has one all the same. */
  flags = 0;
  readonly #about: About;

  constructor(about: About) {
    this.#about = about;
  }

  /** Compares two packets. Returns their relation, by their translations, causality, and their keys: packets whose keys are equal are the matcher's. */
  take(inside: number, outside: number): number {
    const t = this.#about.timeline;
    const { kernel } = this.#about;
    const [iFlags, oFlags] = [t.flags(inside), t.flags(outside)];
    const related = kernel.relate(inside, outside, true);
    const relation = (related & RELATION_MASK) === KNOWN ? KNOWN : this.#relationOf(inside, outside, iFlags);
    if (relation === IMPOSSIBLE || (related & IS_BACKWARD) !== 0) return IMPOSSIBLE;
    const isOutbound = goesOutbound(related);
    const gapNs = t.timeNs(outside) - t.timeNs(inside);
    const earlyNs = (isOutbound ? -gapNs : gapNs) - kernel.time.causalSlackNs;
    this.kind = this.#kindOf(inside);
    // a segment that was lost is sent again; what is said again and again keeps its order
    const unboundNs = this.kind === NO_SEGMENT ? 0 : this.#about.clock.unboundNs;
    if (Math.abs(gapNs) > kernel.time.windowNs || earlyNs > unboundNs) return IMPOSSIBLE;
    this.isEarly = earlyNs > 0;
    // no TTL grows on its way, but where the router sets it
    const raised = (t.ttl(outside) - t.ttl(inside)) * (isOutbound ? 1 : -1);
    if (relation !== KNOWN && raised > 0) return IMPOSSIBLE;
    const isOneVersion = t.isIpv6(inside) === t.isIpv6(outside);
    const isSameKey = isOneVersion && t.key(inside) === t.key(outside) && t.key2(inside) === t.key2(outside);
    const isRenumbering = this.#about.survivors.isRenumbering(isOutbound);
    if (isSameKey && !t.hasOtherOptions(inside, outside) && !isRenumbering) return IMPOSSIBLE;
    // what left as it entered was not altered, however late it is
    if ((relation !== KNOWN || !isRenumbering) && (this.#hasOwn(inside) || this.#hasOwn(outside))) return IMPOSSIBLE;
    this.isOutbound = isOutbound;
    this.gapNs = gapNs;
    this.isOneVersion = isOneVersion;
    this.changes = alterations(t, inside, outside);
    this.isSameId = isOneVersion && t.ipId(inside) !== 0 && (this.changes & ALTERED_IP_ID) === 0 && !isRenumbering;
    this.flags = isOutbound ? iFlags | (oFlags & HAS_IP_ID) : oFlags | (iFlags & HAS_IP_ID);
    return relation;
  }

  /** The relation of two packets that no known translation makes one of the other. */
  #relationOf(inside: number, outside: number, flags: number): number {
    const t = this.#about.timeline;
    const slot = this.#about.translations.slotOf(inside);
    const isKnown = slot !== NONE && slot === this.#about.translations.slotOf(outside);
    const isLowered = t.ttl(inside) !== t.ttl(outside);
    // an error has the translation of what it quotes; else forwarding must show where numbers do not tell
    if (isKnown || (flags & IS_ERROR) !== 0 || (!isLowered && (flags & HAS_TCP_NUMBERS) === 0)) return IMPOSSIBLE;
    const isProved = this.#about.tuples.isProved(t.way(inside)) || this.#about.tuples.isProved(t.way(outside));
    return isProved ? CONFLICT : POSSIBLE;
  }

  /** Whether one with a packet's key and options, and of its flow, waits on the other side, or is taken for its twin: its twin is that, if any is. */
  #hasOwn(row: number): boolean {
    const { timeline: t, buckets, translations } = this.#about;
    if (t.bucket(row) === PENDING) return true;
    const slot = translations.slotOf(row);
    if (slot === NONE || t.bucket(row) < 0) return false;
    let own = buckets.oldest(t.bucket(row), otherSide(t.sideOf(row)));
    for (let looked = 0; own !== NONE && looked < MOST_LOOKED_AT; looked++, own = t.next(own))
      if (translations.isWaitingIn(own, slot) && !t.hasOtherOptions(row, own)) return true;
    return false;
  }

  #kindOf(row: number): SegmentKind {
    const t = this.#about.timeline;
    if (t.proto(row) !== TCP) return NO_SEGMENT;
    return (t.tcpFlags(row) & SYN) === 0 ? SEGMENT : SYN_SEGMENT;
  }
}
