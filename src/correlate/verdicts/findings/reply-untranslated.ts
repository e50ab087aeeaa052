import { REWRITE_DST } from "../../../packets/flows/flows.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { type Finding, ofNamed } from "../../../packets/results/findings.js";
import { Named } from "../../../packets/results/gathered.js";
import type { Judgement } from "../../../packets/results/results.js";
import { said } from "../../../packets/results/sentence.js";
import type { Timeline } from "../../../packets/timeline.js";
import { OUTSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import { type Context, type Finder, frameText } from "./finder.js";

/** What to look at where answers leave as they are. */
const FORGOTTEN =
  "their entry is gone, and who opened the conversation cannot know such answers: conntrack -E shows what ends entries (a reset, a timeout, conntrack -D)";

/** What to do where they never came to the NAT. */
const STRAIGHT =
  "a bridge passes on by itself what its containers send each other: have the source of such calls rewritten, too (iptables -t nat -A POSTROUTING -s <network> -d <address> -j MASQUERADE), or bridged packets meet the rules (sysctl -w net.bridge.bridge-nf-call-iptables=1)";

/** So many flows are remembered, at the most, that may be answers which the NAT left as they were. */
const MOST_LEFT = 10_000;

/**
 * `reply-untranslated`: answers of a flow whose destination the NAT rewrites reached the one who opened it with the address that they
 * were sent from, and that one, who knows of no such connection, resets it: as another flow across the host, or straight over the bridge. With
 * br_netfilter, docker0 shows one direction of all flows like that: nobody resets those. Or answers of a conversation that the NAT translated before left
 * outside as they were: their entry was gone, as behind a reset, and who opened it cannot know them.
 */
export class ReplyUntranslated implements Finder {
  readonly verdicts = ["local"] as const;
  readonly #timeline: Timeline;
  readonly #concerned = new Named();
  readonly #straight = new Named();
  /** By such a flow, the one that its conversation was before. */
  readonly #left = new Map<number, number>();
  readonly #asTheyWere = new Named();

  constructor({ timeline }: Context) {
    this.#timeline = timeline;
  }

  alone(row: number, { reason, byFrame }: Judgement, flow: number | undefined): void {
    if (reason !== "reset-untranslated" || byFrame === undefined || flow === undefined) return;
    const t = this.#timeline;
    const side = t.sideOf(row);
    for (const frame of [t.frame(row), byFrame]) this.#straight.add(side, frame, flow, t.isIpv6(row));
    this.#straight.named.add(
      said`${frameText(t, side, t.frame(row))} of flow ${flow} by #${t.frameText(side, byFrame)}`,
    );
  }

  replaced(before: EndedFlow, now: EndedFlow): void {
    const isPublished = before.isOpenerKnown && !before.isFromInside && (before.rewrite & REWRITE_DST) !== 0;
    if (!isPublished || now.rewrite !== 0) return;
    this.#left.set(now.id, before.id);
    keepNewest(this.#left, MOST_LEFT);
  }

  flow(flow: EndedFlow): void {
    this.#takeLeft(flow);
    const { untranslated } = flow;
    if (untranslated === undefined) return;
    this.#concerned.flows.addOnce(untranslated);
    this.#concerned.addFlow(flow);
    this.#concerned.named.add(said`those of flow ${untranslated}, seen as flow ${flow.id} (${flow.said})`);
  }

  close(): Finding[] {
    return [
      ...ofNamed("reply-untranslated", this.#concerned, "answers came through untranslated, and were reset"),
      ...ofNamed(
        "reply-untranslated",
        this.#straight,
        "answers went straight to a neighbour, their translation not undone, and were reset",
        STRAIGHT,
      ),
      ...ofNamed(
        "reply-untranslated",
        this.#asTheyWere,
        "answers left from their own address, untranslated",
        FORGOTTEN,
      ),
    ];
  }

  /** Takes answers that nobody asked for at that address: who knows the way there may call the same port by both. */
  #takeLeft(flow: EndedFlow): void {
    const before = this.#left.get(flow.id);
    const [outbound, inbound] = flow.isFromInside
      ? [flow.pairsThere, flow.pairsBack]
      : [flow.pairsBack, flow.pairsThere];
    if (before === undefined || outbound === 0 || inbound > 0 || flow.hasUnmatched(OUTSIDE)) return;
    this.#asTheyWere.flows.addOnce(before);
    this.#asTheyWere.addFlow(flow);
    this.#asTheyWere.named.add(said`those of flow ${before}, seen as flow ${flow.id} (${flow.said})`);
  }
}
