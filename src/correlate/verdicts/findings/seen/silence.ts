import { FINDINGS } from "../../../../packets/results/finding-codes.js";
import type { HostRules, Ruling } from "../../../../packets/results/host-rules.js";
import type { Reason } from "../../../../packets/results/reasons.js";
import type { Service } from "./services.js";

/** What it is that nobody answered, and what to look at next. */
export interface Silence {
  readonly text: string;
  readonly hint: string;
}

const NEVER = "sent on and never answered";
const ERRORS = "sent on, and errors are all that came back";
const FROM_HOST = "from the host, the same call shows whether others get there";

/** What to look at where whoever should answer is inside: nobody beyond the host has to do with it. */
export const HINT_INSIDE =
  "it came out inside, and who has that address there did not answer: docker logs <container>; ss -lntu in it shows whether it accepts too slowly (Recv-Q above Send-Q), iptables -S in it what a rule drops there";

const NOBODY: Silence = { text: NEVER, hint: FINDINGS.unanswered.hint };
const INSIDE: Silence = { text: NEVER, hint: HINT_INSIDE };
const AS_IT_CAME: Silence = {
  text: "sent on from private addresses, as they came, and never answered",
  hint: FINDINGS.leak.hint,
};
/** What to do where a rule lets them leave so. */
const HINT_EXEMPT =
  "whoever is called must know a way back to such addresses, as by a VPN; where the NAT is to hide them, narrow that rule, or delete it";
const BY_ADDRESSEE: Silence = {
  text: ERRORS,
  hint: `the destination itself says so: nobody listens on that port there (ss -lntu), or a rule there rejects it, or it does not reach whom it passes this on to; ${FROM_HOST}`,
};
const REJECTED: Silence = {
  text: ERRORS,
  hint: `whoever says so rejects it: a firewall on the way, or the destination by another of its addresses; ${FROM_HOST}`,
};
const IN_PIECES: Silence = {
  text: ERRORS,
  hint: "whoever says so got some fragments of each, and not all: somebody on the way drops fragments, or loses some; ping -s 1472 <address> beside ping -s 2000 <address> shows whether what needs none gets there",
};
const NO_WAY: Silence = {
  text: ERRORS,
  hint: "whoever says so has no way there: look at its routes, and whether anybody has that address; ip route get <address> on the host shows whether it is the right router to ask",
};

const MEANS_REJECTED: ReadonlySet<Reason> = new Set(["port-unreachable", "prohibited"]);

/** What it means that a service does not answer a client; of what left as it came, by the host's rules. Of what means the same, text and hint are the same. */
export function silenceOf({ error, isFromInside, isAnswerable, proto, ends }: Service, rules: HostRules): Silence {
  if (error === undefined && isFromInside && !isAnswerable) return asItCame(rules.leaving(proto, ends));
  if (error === undefined) return isFromInside ? NOBODY : INSIDE;
  if (error.reason === "reassembly-timeout") return IN_PIECES;
  if (error.isByAddressee) return BY_ADDRESSEE;
  return MEANS_REJECTED.has(error.reason) ? REJECTED : NO_WAY;
}

/** What it means of conversations that left as they came. */
function asItCame({ answer, rules }: Ruling): Silence {
  if (answer !== false || rules === "") return AS_IT_CAME;
  return {
    text: `sent on from private addresses, which a rule exempts from the NAT (${rules}), and never answered`,
    hint: HINT_EXEMPT,
  };
}
