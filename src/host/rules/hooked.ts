import type { Ends } from "../../packets/results/results.js";
import { otherSide, type Side } from "../../packets/sides.js";
import { parseAddress } from "../address.js";
import type { Answer } from "../answer.js";
import { InterfaceName, type Interfaces } from "../interfaces.js";
import type { Mark } from "./mark.js";
import { isEchoOf, type Outcome, type RuleBook } from "./rules.js";
import type { Hook, HookedPacket } from "./ruleset.js";

/** What opens a conversation, as it comes to a hook. */
interface Coming {
  readonly hook: Hook;
  /** The side that it comes from. */
  readonly from: Side;
  readonly proto: number;
  readonly ends: Ends;
  readonly isDstLocal: Answer;
  /** The book's own where none was given to it before. */
  readonly mark?: Mark;
}

export const UNKNOWN = { isTranslated: undefined, rules: [], redirects: [] } as const;

/** What a book's rules make of what comes, between interfaces. */
export function meet(book: RuleBook, interfaces: Interfaces, coming: Coming): Outcome {
  const packet = hooked(book, interfaces, coming);
  return packet === undefined ? { ...UNKNOWN, mark: coming.mark ?? book.mark } : book.meet(coming.hook, packet);
}

/** The same as a book takes it; undefined where its ends are no addresses. */
export function hooked(
  book: RuleBook,
  interfaces: Interfaces,
  { hook, from, proto, ends, isDstLocal, mark = book.mark }: Coming,
): HookedPacket | undefined {
  const [src, dst] = [parseAddress(ends.src), parseAddress(ends.dst)];
  if (!src || !dst) return undefined;
  return {
    isIpv6: src.isIpv6,
    proto,
    src,
    dst,
    srcPort: ends.srcPort,
    dstPort: ends.dstPort,
    isEcho: isEchoOf(proto, ends),
    inInterface: interfaces[from],
    // whatever comes in is not routed yet
    outInterface: hook === "prerouting" ? new InterfaceName([""]) : interfaces[otherSide(from)],
    isDstLocal,
    isDstRewritten: false,
    isNew: true,
    isInvalid: false,
    mark,
  };
}
