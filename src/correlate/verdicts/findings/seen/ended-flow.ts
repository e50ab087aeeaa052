import type { Gathered, Located } from "../../../../packets/results/gathered.js";
import { IS_ONE_OF_SEVERAL } from "../../../../packets/flows/flow-records.js";
import { REWRITE_DST } from "../../../../packets/flows/flows.js";
import { hasPorts, isIcmp, protocolName, TCP } from "../../../../protocols/ip-protocols.js";
import { copyOfEnds, type Ends } from "../../../../packets/results/results.js";
import { said, saidAddress, type Sentence } from "../../../../packets/results/sentence.js";
import { INSIDE, OUTSIDE, otherSide, type Side } from "../../../../packets/sides.js";
import { ENDED_BY_BOTH, HAS_AMBIGUOUS, HAS_CLASHED, HAS_UNMATCHED, IS_ECHO_ID } from "../../../../packets/tuples.js";
import { isBehindTranslator, isPrivate, privateLinkOf } from "../../../../protocols/addresses.js";
import { TupleEnds } from "../../flows/flow-summary.js";
import { ViewedFlow } from "../../flows/viewed-flow.js";

/** A flow that is made of another one's stray answers, and of what they are answered by, has few packets, at the most so many. */
const MOST_STRAY = 32;
/** So often all flows are gone through for the one that stray answers belong to. */
const MOST_SEARCHES = 100;

/** One flow after the other that has ended, as findings look at them. */
export class EndedFlow extends ViewedFlow implements Located {
  #searches = 0;
  #untranslated: number | undefined;

  override of(slot: number): this {
    super.of(slot);
    this.#untranslated = this.#findUntranslated();
    return this;
  }

  get proto(): number {
    return this.tuples.proto(this.insideTuple);
  }

  /** Of which IP version it is inside. */
  get isIpv6(): boolean {
    return this.tuples.isIpv6(this.insideTuple);
  }

  /** Whether it is of one IP version inside and of the other outside. */
  get isAcross(): boolean {
    return this.tuples.areAcrossVersions(this.insideTuple, this.outsideTuple);
  }

  /** Whether it goes into a tunnel of the host, outside. */
  get isTunneled(): boolean {
    return this.tuples.isTunneled(this.outsideTuple);
  }

  /** The id of the flow whose answers these packets are, which the NAT forwarded as they came, and resets of them; undefined of most. */
  get untranslated(): number | undefined {
    return this.#untranslated;
  }

  /** Pairs of the initiator's packets, and of the answers. */
  get pairsThere(): number {
    return this.accounts.pairsThatWent(this.slot, this.isFromInside);
  }

  get pairsBack(): number {
    return this.accounts.pairsThatWent(this.slot, !this.isFromInside);
  }

  /** How many of the answers say that nobody gets what they answer. */
  get unreachableBack(): number {
    return this.accounts.unreachable(this.slot, !this.isFromInside);
  }

  /** Stamps of its first pair and its last, nanoseconds on the timeline. */
  get firstNs(): number {
    return this.accounts.firstNs(this.slot);
  }

  get lastNs(): number {
    return this.accounts.lastNs(this.slot);
  }

  /** Whether any TCP acknowledgement of its initiator's crossed. */
  get hasAcknowledged(): boolean {
    return this.accounts.acked(this.slot, this.forwardOf(true)) !== 0;
  }

  /** Whether its initiator's SYN crossed, and nothing by which that acknowledges anything. */
  get hasKnocked(): boolean {
    return !this.hasAcknowledged && this.accounts.hasBegun(this.slot, this.forwardOf(true));
  }

  /** Whether its initiator's TCP segments that crossed show that they were answered, or those of the other end that they are answers. */
  hasProgress(isInitiators: boolean): boolean {
    return this.accounts.hasProgress(this.slot, this.forwardOf(isInitiators));
  }

  /** Whether its conversation had another translation as well, before or behind this one. */
  get isOneOfSeveral(): boolean {
    return (this.accounts.bits(this.slot) & IS_ONE_OF_SEVERAL) !== 0;
  }

  /** Whether its other end answers, by more than errors and resets. */
  get isAnswered(): boolean {
    return this.proto === TCP ? this.hasProgress(false) : this.pairsBack > this.unreachableBack;
  }

  /** Whether both ends of a TCP connection send no more: each closed it, or one reset it. */
  get isOver(): boolean {
    return this.tuples.isOver(this.insideTuple);
  }

  /** Whether an end of a TCP connection sends no more: it closed it, or either reset it. */
  get isEnding(): boolean {
    return this.tuples.has(this.insideTuple, ENDED_BY_BOTH);
  }

  /** How many bytes of its initiator, or of the other end, crossed behind a SYN; undefined where some did not, or none crossed. */
  sentBytes(isInitiators: boolean): number | undefined {
    const forward = this.forwardOf(isInitiators);
    const first = this.accounts.firstSeq(this.slot, forward);
    return first === undefined ? undefined : (this.accounts.nextSeq(this.slot, forward) - first - 1) | 0;
  }

  /** How many of these were acknowledged, with 1 more where the FIN behind them was; undefined as there. */
  acknowledgedBytes(isInitiators: boolean): number | undefined {
    const first = this.accounts.firstSeq(this.slot, this.forwardOf(isInitiators));
    return first === undefined
      ? undefined
      : (this.accounts.acked(this.slot, this.forwardOf(!isInitiators)) - first - 1) | 0;
  }

  /** Whether it is of ICMP echoes. */
  get isEcho(): boolean {
    return this.tuples.has(this.insideTuple, IS_ECHO_ID);
  }

  /** Whether it is of ICMP errors that were cut so short that nothing tells which packets they are about. */
  get isOfCutErrors(): boolean {
    const { icmpId, srcPort } = new TupleEnds(this.tuples).of(this.insideTuple, true);
    return icmpId === undefined && srcPort === undefined && (isIcmp(this.proto) || hasPorts(this.proto));
  }

  /** The port that its initiator called, or the id of an ICMP echo. */
  get port(): number {
    return this.tuples.port(this.outsideTuple, this.isA(OUTSIDE, false));
  }

  /** The side where its initiator is … */
  get nearSide(): Side {
    return this.isFromInside ? INSIDE : OUTSIDE;
  }

  /** … and where what that sends comes out. */
  get farSide(): Side {
    return otherSide(this.nearSide);
  }

  /** Whether its first packet was dropped, as another flow took the port at that time. */
  get hasClashed(): boolean {
    return this.tuples.has(this.insideTuple, HAS_CLASHED);
  }

  /** Whether some packets may be twins of others of it, or have none where it comes out. */
  get isUnclear(): boolean {
    const tuples = this.tuples;
    return (
      this.hasUnmatched(this.farSide) ||
      tuples.has(this.insideTuple, HAS_AMBIGUOUS) ||
      tuples.has(this.outsideTuple, HAS_AMBIGUOUS)
    );
  }

  /** Whether any of its packets on a side have no twin. */
  hasUnmatched(side: Side): boolean {
    return this.tuples.has(this.tupleOn(side), HAS_UNMATCHED);
  }

  /** Whether packets of who answers were on the initiator's side, and did not cross. */
  get isAnsweredNear(): boolean {
    // whoever sent a packet that was judged is known by its TTL
    return this.tuples.isHeard(this.wayOn(this.nearSide, false));
  }

  /** How many packets were on the initiator's side alone. */
  get unmatchedNear(): number {
    return this.accounts.unmatched(this.slot, this.nearSide);
  }

  /** Whether its packets that go one way, the initiator's or the answers, cross as those of another flow: br_netfilter shows that. */
  isProvedElsewhere(isInitiators: boolean): boolean {
    const isAnothers = (way: number): boolean => this.tuples.isProved(way) && this.tuples.flow(way) !== this.slot;
    return ([INSIDE, OUTSIDE] as const).some((side) => isAnothers(this.wayOn(side, isInitiators)));
  }

  /** `tcp 172.17.0.2.40000 > 203.0.113.5.443`, as the initiator sees it. */
  get said(): Sentence {
    return this.#said(this.nearSide, true, true);
  }

  /** The same as the inside has it, where containers have their own addresses and ports: from its initiator, or from the other end. */
  saidFrom(isInitiators: boolean): Sentence {
    return this.#said(INSIDE, isInitiators, true);
  }

  /** The same from its initiator, without the port of that. */
  get saidService(): Sentence {
    return this.#said(INSIDE, true, false);
  }

  /** Whether its initiator has an address outside that can be answered: not where it is inside, and leaves with a private one, as it is. */
  get isAnswerable(): boolean {
    return this.rewrite !== 0 || !this.isFromInside || !this.isPrivate(INSIDE, true) || this.isTunneled;
  }

  /** What flows of one initiator to one service have in common. */
  get serviceKey(): string {
    return `${this.#mac(this.nearSide, true)} ${this.saidService.text}`;
  }

  gatherIn(gathered: Gathered): void {
    gathered.addFlow(this);
  }

  /** The source port of its initiator's packets, or the ICMP id, as a side sees it; of packets that travel outbound, where that is not known. */
  initiatorsPort(side: Side): number {
    return this.tuples.port(this.tupleOn(side), this.isA(side, true));
  }

  /** The ends of its initiator's packets, as a side sees them, to be kept. */
  ends(side: Side): Ends {
    return copyOfEnds(new TupleEnds(this.tuples).of(this.tupleOn(side), this.isA(side, true)));
  }

  /** The address of its initiator, or of the other end, as a side sees it. */
  address(side: Side, isInitiator: boolean): string {
    return this.tuples.addressText(this.tupleOn(side), this.isA(side, isInitiator));
  }

  /** As `privateLinkOf`. */
  link(side: Side, isInitiator: boolean): string | null {
    const tuples = this.tuples;
    const tuple = this.tupleOn(side);
    return privateLinkOf(tuples.isIpv6(tuple), tuples.words, tuples.address(tuple, this.isA(side, isInitiator)));
  }

  /**
   * Whom its initiator's network calls outside, as keys: the address, and the network that this looks to be of, if any. An initiator whose network
   * nothing tells stands for himself.
   */
  get calls(): string[] {
    const from = this.link(INSIDE, true) ?? this.address(INSIDE, true);
    const network = this.link(OUTSIDE, false);
    return [this.address(OUTSIDE, false), ...(network === null ? [] : [network])].map((to) => `${from} to ${to}`);
  }

  isPrivate(side: Side, isInitiator: boolean): boolean {
    return isPrivate(this.#word(side, isInitiator), this.tuples.isIpv6(this.tupleOn(side)));
  }

  /** Whether a side knows its initiator as somebody behind a translator between IP versions: by his own address, or by the one that he calls. */
  isBehindTranslator(side: Side): boolean {
    const isIpv6 = this.tuples.isIpv6(this.tupleOn(side));
    return isBehindTranslator(this.#word(side, !isIpv6), isIpv6);
  }

  /** Its ends as a side has them, from the initiator to the other one, or the other way round; the initiator's port is asked for. */
  #said(side: Side, isInitiators: boolean, isWithPort: boolean): Sentence {
    const [from, to] = [isInitiators, !isInitiators].map((is) => this.#end(side, is, isWithPort || !is));
    return said`${protocolName(this.proto)} ${from} > ${to}`;
  }

  /** An end as a side has it, with its port where it has one, and that is asked for. */
  #end(side: Side, isInitiator: boolean, isWithPort: boolean): Sentence {
    const peer = this.address(INSIDE, !isInitiator);
    const { firstNs: fromNs, lastNs: throughNs } = this;
    const isBeyond = isInitiator !== this.isFromInside;
    const mac = this.#mac(side, isInitiator);
    const address = saidAddress(this.address(side, isInitiator), { peer, isBeyond, mac, fromNs, throughNs });
    if (!isWithPort || !hasPorts(this.proto)) return address;
    return said`${address}.${this.tuples.port(this.tupleOn(side), this.isA(side, isInitiator))}`;
  }

  /** `macHash` of who sent its initiator's packets, or the answers, on a side. */
  #mac(side: Side, isInitiator: boolean): number {
    return this.tuples.mac(this.wayOn(side, isInitiator));
  }

  /** The first 32 bits of an address. */
  #word(side: Side, isInitiator: boolean): number {
    const tuples = this.tuples;
    return tuples.words[tuples.address(this.tupleOn(side), this.isA(side, isInitiator))];
  }

  #findUntranslated(): number | undefined {
    const accounts = this.accounts;
    const slot = this.slot;
    const outside = this.outsideTuple;
    const isPlain = accounts.rewrite(slot, 0) === 0 && accounts.rewrite(slot, 1) === 0;
    if (!isPlain || this.proto !== TCP || !this.isOver) return undefined;
    if (this.pairsThere === 0 || this.pairsBack === 0 || this.pairs > MOST_STRAY) return undefined;
    if (this.hasProgress(true) || this.hasProgress(false) || this.#searches === MOST_SEARCHES) return undefined;
    this.#searches++;
    for (let other = 0; other < accounts.end; other++) {
      if (accounts.id(other) === 0 || accounts.outsideTuple(other) !== outside) continue;
      if (accounts.isOutbound(other, 1) && (accounts.rewrite(other, 1) & REWRITE_DST) !== 0) return accounts.id(other);
      if (accounts.isOutbound(other, 0) && (accounts.rewrite(other, 0) & REWRITE_DST) !== 0) return accounts.id(other);
    }
    return undefined;
  }
}
