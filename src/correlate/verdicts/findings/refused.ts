import { Few } from "../../../packets/results/few.js";
import { type Finding, findingOf } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import { FINDINGS } from "../../../packets/results/finding-codes.js";
import type { Reason } from "../../../packets/results/reasons.js";
import type { Judgement, Update } from "../../../packets/results/results.js";
import { saidFew } from "../../../packets/results/sentence.js";
import type { Timeline } from "../../../packets/timeline.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { type Context, type Finder, frameText } from "./finder.js";

/** What to look at next where TTLs run out. */
export const HINT_TTL =
  "traceroute lets TTLs run out on purpose; else, ip route get <address>, here and on the next router, shows whether packets go round in circles";

/** What to look at next, on the host, by the reason; of others, the finding's own. */
const HINTS: Readonly<Partial<Record<Reason, string>>> = {
  prohibited:
    "iptables -S and nft list ruleset show which rule rejects, ip route get <address> whether a route does (prohibit)",
  // what REJECT says unless it is told otherwise (iptables-extensions(8))
  "port-unreachable":
    "conntrack -L -p udp shows whether its entry is there (nf_conntrack_udp_timeout), iptables -S and nft list ruleset which rule rejects, ss -lun who listens on the host",
  "host-unreachable": "ip route get <address> shows the next hop, ip neigh whether it answers",
  "no-route":
    "ip route get <address> shows whether there is a way, iptables -S and nft list ruleset which rule rejects",
  "too-big": FINDINGS.mtu.hint,
  "ttl-exceeded": HINT_TTL,
  "reassembly-timeout":
    "nstat -az 'Ip*Reasm*' counts such datagrams; sysctl net.ipv4.ipfrag_time and net.ipv4.ipfrag_high_thresh say how long and how many fragments wait",
  "host-reset": FINDINGS["host-reset"].hint,
  "neighbour-reset":
    "ip neigh shows which MAC address has the address, and docker ps and docker inspect whose that is: two hosts may have that address",
  "end-refuses":
    "ss -ltn there, in the container or on the host, shows who listens on which address: 127.0.0.1 takes no calls of others",
  "host-refuses": "iptables -S and nft list ruleset show who rejects with a reset, ss -ltn who listens on the host",
};

/** What to look at next where a port is unreachable over TCP: Linux answers a segment to a port without a listener by a reset, whatever came of conntrack's entry (RFC 9293 section 3.10.7.1). */
const HINT_TCP =
  "iptables -S and nft list ruleset show which rule rejects: over TCP, nothing else says that a port is unreachable";

/** `refused`: what the host did not pass on, and said so: by an ICMP error, or by a reset; or a container beside it did. */
export class Refused implements Finder {
  readonly tellsSoFar = true;
  readonly verdicts = ["refused"] as const;
  readonly #timeline: Timeline;
  readonly #refused = new Gathered();
  /** The frames by reason, each with its side. */
  readonly #reasons = new Map<Reason, Few<string>>();
  /** Whether all packets whose port was unreachable are known to be of TCP. */
  #isTcpAlone = true;

  constructor({ timeline }: Context) {
    this.#timeline = timeline;
  }

  alone(row: number, { reason }: Judgement, flow: number | undefined): void {
    const t = this.#timeline;
    const isTcp = t.proto(row) === TCP;
    this.#add({ side: t.sideOf(row), frame: t.frame(row), flow, reason, isIpv6: t.isIpv6(row) }, isTcp);
  }

  update(update: Update): void {
    const { side, frame, verdict, before } = update;
    if (verdict === "refused") this.#add(update, false);
    else if (before.verdict === "refused") {
      this.#refused.frames[side].remove(frame);
      const name = frameText(this.#timeline, side, frame);
      for (const some of this.#reasons.values()) if (some.listed.includes(name)) some.remove(name);
    }
  }

  close(): Finding[] {
    // those that are left once something else became known of some frames
    const reasons = [...this.#reasons].filter(([, { count }]) => count > 0);
    if (reasons.length === 0) return [];
    const hints = this.#isTcpAlone ? { ...HINTS, "port-unreachable": HINT_TCP } : HINTS;
    const hint = hintOf(
      reasons.map(([reason]) => reason),
      hints,
    );
    const named = reasons.map(([reason, frames]) => `${reason} (${saidFew(frames).text})`);
    const text = `entered, and refused by ${whoOf(reasons.map(([reason]) => reason))}: ${named.join("; ")}`;
    return [findingOf("refused", this.#refused.count, text, this.#refused, hint)];
  }

  /** `isTcp`: whether it is known to be of TCP. */
  #add(packet: Pick<Update, "side" | "frame" | "flow" | "reason" | "isIpv6">, isTcp: boolean): void {
    const { side, frame, flow, reason, isIpv6 } = packet;
    this.#refused.add(side, frame, flow, isIpv6);
    if (reason === "port-unreachable" && !isTcp) this.#isTcpAlone = false;
    const frames = this.#reasons.get(reason) ?? new Few<string>();
    this.#reasons.set(reason, frames);
    frames.add(frameText(this.#timeline, side, frame));
  }
}

/** Who refused, for all of some reasons. */
function whoOf(reasons: readonly Reason[]): string {
  if (reasons.every((reason) => reason === "neighbour-reset")) return "a container";
  return reasons.includes("end-refuses") ? "whom it goes to, or the host" : "the host";
}

/** Of more reasons, what to look at for each would be more than anybody reads. */
const MOST_HINTED = 2;

/** What to look at next, for each reason by its name where there are several. */
function hintOf(reasons: readonly Reason[], known: typeof HINTS): string {
  if (reasons.length > MOST_HINTED) return FINDINGS.refused.hint;
  const hints = reasons.map((reason) => [reason, known[reason] ?? FINDINGS.refused.hint] as const);
  return hints.length === 1 ? hints[0][1] : hints.map(([reason, hint]) => `${reason}: ${hint}`).join("; ");
}
