import { remember } from "../../packets/memory/keep-newest.js";
import { printable } from "../../packets/printable.js";
import { saidFew } from "../../packets/results/sentence.js";
import { withoutCounts } from "../rules/rules-text.js";
import { AddressBook } from "./address-book.js";
import { RuleHistory, type RuleReading } from "../rules/times/rule-history.js";
import { Heard } from "./heard.js";
import type { HostFacts, KnownChange, KnownContainer, KnownNews, Settings } from "./host-facts.js";
import { MasqueradeSources } from "./masquerade-sources.js";
import { NetworkTimes } from "./network-times.js";
import { onLinks } from "./on-links.js";
import { OwnAddresses } from "./own-addresses.js";
import { PortBook } from "./published.js";

/** So many changes of containers are remembered. */
const MOST_CHANGES = 4096;
/** So many times are remembered at which settings were read otherwise than before. */
const MOST_SETTINGS = 1024;
/** What is no setting, though it stands beside those. */
const COUNT = "net.netfilter.nf_conntrack_count";
/** So many snapshots' rules are remembered. */
const MOST_LISTED = 8;
/** So far from a container's beginning, or its end, its rules change at the most. */
const RULES_APART_NS = 3_000_000_000n;

/** What a host said so far, for those who explain packets. */
export class KnownHost {
  readonly containers = new AddressBook();
  /** What was heard besides while packets were captured, where that was kept. */
  readonly heard = new Heard();
  readonly ownAddresses = new OwnAddresses();
  /** How it forwarded, and when. */
  readonly networks = new NetworkTimes();
  readonly masqueradeSources = new MasqueradeSources(this.ownAddresses);
  /** The ports of the containers that are meant. */
  readonly ports: PortBook;
  /** When containers changed, epoch nanoseconds, the last times. */
  readonly #changedNs = new Set<bigint>();
  /** What containers were called that were gone before the engine could be asked about them, the last ones. */
  readonly #unasked = new Set<string>();
  /** Called when it said something: what Docker has rules for may be others. */
  onChange: () => void = () => {};
  #first: HostFacts | undefined;
  #facts: HostFacts | undefined;
  /** The last snapshot in which the engine tells of its networks. */
  #networks: HostFacts | undefined;
  /** The rules as they were read while packets were captured, where that was kept … */
  #read: RuleHistory | undefined;
  /** … and as snapshots have them: of each time that they were the same, the first and the last. */
  readonly #listed: RuleReading[] = [];
  #bySnapshots: RuleHistory | undefined;
  readonly #settings: Settings[] = [];
  /** As they were read last. */
  readonly #sysctls = new Map<string, string>();
  /** Whether the host's rules are not what they were, or were others in between: a port that Docker publishes has rules of its own. */
  haveRulesChanged = false;

  /** `words`: names of the containers, or services, that are meant; undefined for all. */
  constructor(words?: ReadonlySet<string>) {
    this.ports = new PortBook(words);
  }

  /** The last snapshot, if there was one. Rules that changed are no rules to go by. */
  get facts(): HostFacts | undefined {
    return this.#facts && this.haveRulesChanged ? { ...this.#facts, rules: undefined } : this.#facts;
  }

  /** The rules, one after the other, where they were read while packets were captured, or else where snapshots have others: then some may have been there in between that none has. */
  get rules(): RuleHistory | undefined {
    if (this.#read === undefined && this.haveRulesChanged) this.#bySnapshots ??= historyOf(this.#listed);
    return this.#read ?? this.#bySnapshots;
  }

  /** The first snapshot, if there was one. */
  get first(): HostFacts | undefined {
    return this.#first;
  }

  /** What of it cannot be followed, in words. */
  get unfollowed(): readonly string[] {
    return [...(this.#facts?.unfollowed ?? []), ...this.unasked];
  }

  /** Which containers were gone before the engine could be asked about them, in words; none where it could. */
  get unasked(): readonly string[] {
    if (this.#unasked.size === 0) return [];
    const { text } = saidFew({ listed: [...this.#unasked], count: this.#unasked.size });
    return [
      `containers that were gone before docker could be asked about them, whose addresses and ports are not known: ${printable(text)}`,
    ];
  }

  /** Whether a container was called so that was gone before the engine could be asked about it. */
  isUnasked(name: string): boolean {
    return this.#unasked.has(name);
  }

  /** The first snapshot and the last, which may be one, of those that tell of rules: by them, what was dropped between them has a ground. */
  get snapshots(): readonly HostFacts[] {
    return [...new Set([this.#first, this.#facts])].filter(isOfRules);
  }

  /** The settings that were read behind the first snapshot, each time as far as they were others than before. */
  get settings(): readonly Settings[] {
    return this.#settings;
  }

  /** A setting, by its name as sysctl(8) writes it, that the first snapshot and the last have alike; undefined where they do not, or lack it. */
  setting(name: string): string | undefined {
    const [first, last] = [this.#first, this.#facts].map((facts) => facts?.network.sysctls.get(name));
    return first === last ? last : undefined;
  }

  /** Takes it that addresses of the host came or went at a time, epoch nanoseconds: a snapshot will tell which. */
  changeAddresses(timeNs: bigint): void {
    this.ownAddresses.change(timeNs);
  }

  /** Takes what the host says next. Returns the addresses that another container has than before. */
  take(news: KnownNews): string[] {
    if ("kind" in news && news.kind === "end-of-rules") {
      this.#read?.end();
      return [];
    }
    if ("kind" in news && news.kind === "settings") {
      if (this.#facts !== undefined) this.#noteSettings(news);
      return [];
    }
    if ("kind" in news && news.kind !== "rules") {
      this.heard.take(news);
      return [];
    }
    if ("kind" in news) {
      this.#read ??= new RuleHistory(news.text, news.askedNs, news.answeredNs);
      this.#read.takeTold(news);
      return [];
    }
    if ("containers" in news) {
      if (news.rules !== undefined) this.#list(news.rules, news.timeNs);
      this.ownAddresses.take(news);
      this.networks.take(news);
      this.#first ??= news;
      const { timeNs, network } = news;
      this.#noteSettings({ timeNs, heldNs: this.#facts?.timeNs ?? timeNs, sysctls: network.sysctls });
      this.#facts = news;
      if (news.containers !== undefined) this.#networks = news;
    } else {
      remember(this.#changedNs, news.timeNs, MOST_CHANGES);
      if (news.unasked !== undefined) remember(this.#unasked, news.unasked, MOST_CHANGES);
      if ((news.container?.published.length ?? 0) > 0) this.haveRulesChanged = true;
    }
    const here = this.#onLinks(news);
    this.ports.take(here);
    const others = this.containers.take(here);
    this.onChange();
    return others;
  }

  /** Whether a container changed between two moments, epoch nanoseconds: Docker makes rules for it some time before, and takes them away behind that. */
  haveContainersChanged(fromNs: bigint, toNs: bigint): boolean {
    return [...this.#changedNs].some((timeNs) => fromNs - RULES_APART_NS <= timeNs && timeNs <= toNs + RULES_APART_NS);
  }

  #noteSettings({ timeNs, heldNs, sysctls }: Settings): void {
    const others = new Map([...sysctls].filter(([name, value]) => name !== COUNT && this.#sysctls.get(name) !== value));
    for (const [name, value] of others) this.#sysctls.set(name, value);
    if (this.#facts === undefined || others.size === 0) return;
    this.#settings.push({ timeNs, heldNs, sysctls: others });
    if (this.#settings.length > MOST_SETTINGS) this.#settings.shift();
  }

  #list(text: string, timeNs: bigint): void {
    const isLike = (other: RuleReading | undefined): boolean =>
      other !== undefined && withoutCounts(other.text) === withoutCounts(text);
    const [before, last] = [this.#listed.at(-2), this.#listed.at(-1)];
    if (last !== undefined && !isLike(last)) this.haveRulesChanged = true;
    else if (isLike(before)) this.#listed.pop();
    // the first one tells what was there at the beginning
    if (this.#listed.length === MOST_LISTED) this.#listed.splice(1, 1);
    this.#bySnapshots = undefined;
    this.#listed.push({ text, askedNs: timeNs, answeredNs: timeNs, heldNs: timeNs });
  }

  #onLinks(news: HostFacts | KnownChange): HostFacts | KnownChange {
    const here = (container: KnownContainer): KnownContainer => onLinks(container, this.#networks);
    if ("containers" in news) return { ...news, containers: news.containers?.map(here) };
    return { ...news, container: news.container && here(news.container) };
  }
}

/** What some readings tell of rules that were not the same all the time; undefined where there is none. */
function historyOf([first, ...later]: readonly RuleReading[]): RuleHistory | undefined {
  if (first === undefined) return undefined;
  const rules = new RuleHistory(first.text, first.askedNs, first.answeredNs, true);
  for (const { text, askedNs, answeredNs } of later) rules.take(text, askedNs, answeredNs);
  return rules;
}

function isOfRules(facts: HostFacts | undefined): facts is HostFacts {
  return facts?.rules !== undefined;
}
