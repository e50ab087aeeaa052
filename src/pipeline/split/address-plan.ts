import { INSIDE, OUTSIDE, type Side } from "../../packets/sides.js";
import { isGroup } from "../../protocols/addresses.js";
import * as ipv4 from "../../protocols/ipv4.js";
import * as ipv6 from "../../protocols/ipv6.js";
import { FROM_US, TO_US } from "../../protocols/link-types.js";
import type { Prefix } from "./prefix.js";

/**
 * Tells the side of a frame by its addresses, where no interface does.
 *
 * Inside frames have an address of the inside's prefixes, as it is before translation. The host's uplink may show such an
 * address too: a packet that leaks, or one that is routed and not translated. Cooked captures tell these by their way: inside
 * addresses send to the host and are sent to by it. Elsewhere such a packet is taken for one of the inside.
 */
export class AddressPlan {
  readonly #inside: readonly Prefix[];
  readonly #outside: readonly Prefix[];
  readonly #isRestOutside: boolean;

  /** @param isRestOutside whether everything else is outside, frames without an IP header included. */
  constructor(inside: readonly Prefix[], outside: readonly Prefix[], isRestOutside: boolean) {
    this.#inside = inside;
    this.#outside = outside;
    this.#isRestOutside = isRestOutside;
  }

  /** The side of a frame with an IP header at `at` (-1: without), or undefined where it is of neither. */
  sideOf(view: DataView, at: number, packetType: number): Side | undefined {
    if (at >= 0) {
      if (this.#isInside(view, at, packetType)) return INSIDE;
      if (isFrom(this.#outside, view, at) || isTo(this.#outside, view, at)) return OUTSIDE;
    }
    return this.#isRestOutside ? OUTSIDE : undefined;
  }

  #isInside(view: DataView, at: number, packetType: number): boolean {
    const isSent = isFrom(this.#inside, view, at);
    if (isSent === isTo(this.#inside, view, at)) return isSent;
    // what one container sends to all, the bridge sends on to the others
    return isSent ? packetType !== FROM_US || isToGroup(view, at) : packetType !== TO_US;
  }
}

function isFrom(prefixes: readonly Prefix[], view: DataView, at: number): boolean {
  for (const prefix of prefixes) if (prefix.hasSource(view, at)) return true;
  return false;
}

function isTo(prefixes: readonly Prefix[], view: DataView, at: number): boolean {
  for (const prefix of prefixes) if (prefix.hasDestination(view, at)) return true;
  return false;
}

function isToGroup(view: DataView, at: number): boolean {
  const isIpv6 = view.getUint8(at) >>> 4 === 6;
  return isGroup(view.getUint32(at + (isIpv6 ? ipv6.DESTINATION : ipv4.DESTINATION)), isIpv6);
}
