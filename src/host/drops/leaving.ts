import { type Address, addressOf } from "../address.js";
import type { RuleBook } from "../rules/rules.js";
import type { HookedPacket, Target } from "../rules/ruleset.js";
import { addressesMade } from "../rules/target.js";

/** As whose packets leave a host, behind all that translates them. */
export interface Leaving {
  readonly src: Address;
  readonly srcPort: number | undefined;
  /** False where they may have got another port. */
  readonly isSure: boolean;
}

/**
 * As whose the first packet of a conversation leaves, by the rules that translate; undefined where these do not tell one address.
 *
 * @param routed where it goes, and by which interface.
 * @param masqueraded the address that masquerading gives it; null where that is not known.
 */
export function leavingAs(
  book: RuleBook,
  entering: HookedPacket,
  routed: Pick<HookedPacket, "dst" | "dstPort" | "outInterface">,
  masqueraded: Address | null,
): Leaving | undefined {
  const { src, srcPort } = entering;
  const isDstRewritten = routed.dst.value !== entering.dst.value;
  let packet = {
    ...entering,
    ...routed,
    isDstRewritten,
    isDstLocal: false,
    mark: book.meet("prerouting", entering).mark,
  };
  packet = { ...packet, mark: book.meet("forward", packet).mark };
  const { isTranslated, rules } = book.meet("postrouting", packet);
  if (isTranslated === false) return { src, srcPort, isSure: true };
  const [rule, ...others] = rules;
  if (isTranslated === undefined || rule?.to == null || others.length > 0) return undefined;
  const made = rule.to.isMasquerade ? masqueraded : onlyAddress(rule.to, src);
  return made === null ? undefined : { src: made, srcPort, isSure: srcPort === undefined };
}

/** The address that a rule makes of one; null where it may make several. */
function onlyAddress(to: Target, src: Address): Address | null {
  const made = addressesMade(to, addressOf(src.isIpv6, src.value));
  if (made === undefined) return src;
  return made.first === made.last ? { isIpv6: made.isIpv6, value: made.first } : null;
}
