import type { UncapturedRoutes } from "../../host/drops/uncaptured-routes.js";
import type { KnownHost } from "../../host/snapshot/known-host.js";
import type { Look, Sink } from "../../packets/results/results.js";
import { INSIDE, OUTSIDE, type SideNames } from "../../packets/sides.js";
import type { PublishedPorts } from "../../report/published/published-ports.js";
import type { Origin } from "../../report/published/use.js";
import type { ExplainOptions } from "../options/explain-options.js";
import type { Explained, HostTells } from "./explained.js";
import { type HostOptions, isFollowed } from "../options/host-options.js";
import { OFF } from "../../asking/whom.js";

/** Where nothing is known of the host. */
export const NO_HOST: HostTells = {
  facts: undefined,
  rules: undefined,
  heard: undefined,
  leadsInside: () => false,
  canMasquerade: undefined,
  ownAddresses: undefined,
  setting: () => undefined,
  haveContainersChanged: () => false,
};

/** What of a run says how its host is gone by. */
type RunOptions = HostOptions &
  Pick<ExplainOptions, "conntrack"> & {
    readonly isLive: boolean;
    /** The interfaces that are captured no more; there may be some later. */
    readonly gone?: ReadonlySet<string>;
  };

/** What a host that is known adds to results: the forms inside of what was seen outside alone, published ports, grounds for drops, clashes of addresses. */
export class HostResults {
  /** How its routes lead, of which both sides' interfaces are captured. */
  readonly routes: UncapturedRoutes;
  readonly #insideRoutes: UncapturedRoutes;
  readonly #known: KnownHost;
  readonly #interfaces: SideNames;
  readonly #options: RunOptions;
  #ports: PublishedPorts | undefined;

  private constructor(
    known: KnownHost,
    interfaces: SideNames,
    options: RunOptions,
    routes: UncapturedRoutes,
    insideRoutes: UncapturedRoutes,
  ) {
    this.#known = known;
    this.#interfaces = interfaces;
    this.#options = options;
    this.routes = routes;
    this.#insideRoutes = insideRoutes;
  }

  /** `interfaces`: those of the captures, inside and outside, empty where one is not known. */
  static async of(known: KnownHost, interfaces: SideNames, options: RunOptions): Promise<HostResults> {
    const { UncapturedRoutes } = await import("../../host/drops/uncaptured-routes.js");
    const [routes, insideRoutes] = [interfaces.flat(), interfaces[INSIDE]].map(
      (names) => new UncapturedRoutes(known.networks, names.includes("") ? [] : names, options.gone, interfaces),
    );
    return new HostResults(known, interfaces, options, routes, insideRoutes);
  }

  /** What it tells those who go by its rules and by conntrack. */
  get tells(): HostTells {
    const known = this.#known;
    return {
      // what is true when the run begins need not be so for long
      facts: this.#isFollowed ? undefined : known.facts,
      rules: this.#isFollowed ? undefined : known.rules,
      heard: known.heard,
      leadsInside: (address) => this.#insideRoutes.isCapturedTo(address),
      ownAddresses: known.ownAddresses,
      setting: (name) => known.setting(name),
      haveContainersChanged: (...time) => known.haveContainersChanged(...time),
      canMasquerade: (flow, timeNs) => known.masqueradeSources.canGive(flow, this.#interfaces, timeNs),
    };
  }

  /** A sink before an explained one that is also told, at the end, what went through published ports, and what could have dropped what was dropped. */
  async grounding(explained: Explained): Promise<Sink> {
    await this.#knowInsideForms(explained);
    this.#ports = await this.#portsOf(explained);
    const counted = this.#ports ?? explained.sink;
    // a host that is followed tells of its rules later
    const hasRules = this.#isFollowed || this.#known.snapshots.length !== 0;
    return hasRules ? this.#namingGrounds(counted, explained, this.#ports) : counted;
  }

  /** A look at the run that also tells what went through published ports so far. */
  looking(look: Look): Look {
    return this.#ports?.looking(look) ?? look;
  }

  /** A sink that is also told, at the end, which containers' addresses another host has, too. */
  async namingClashes(next: Sink): Promise<Sink> {
    const { AddressClashes } = await import("../../report/address-clashes.js");
    return new AddressClashes(next, this.#known.containers);
  }

  get #isFollowed(): boolean {
    return this.#options.isLive && isFollowed(this.#options);
  }

  /** Whether what snapshots list of conntrack counts. */
  get #isByListing(): boolean {
    return this.#options.conntrack !== OFF;
  }

  async #knowInsideForms({ conntrack, onHostChanged }: Explained): Promise<void> {
    const known = this.#known;
    const { InsideForms } = await import("../../host/inside-forms.js");
    const forms = new InsideForms(known, conntrack, this.#isByListing);
    known.onChange = onHostChanged;
    known.containers.outside = new Set(this.#interfaces[OUTSIDE]);
    known.containers.insideOf = (...packet) => forms.of(...packet);
  }

  /** A sink that is also told what went through each published port; undefined where there is none. */
  async #portsOf({ sink, conntrack, rules }: Explained): Promise<PublishedPorts | undefined> {
    const known = this.#known;
    const names = this.#interfaces[INSIDE];
    if (known.ports.all.length === 0 && !this.#options.isLive) return undefined;
    const { PublishedPorts } = await import("../../report/published/published-ports.js");
    const { OwnConversations } = await import("../../host/own-conversations.js");
    const { CapturedLinks } = await import("../../host/captured-links.js");
    const { CalledPorts } = await import("../../host/rules/called-ports.js");
    const own = new OwnConversations(known, conntrack, this.#isByListing);
    const called = new CalledPorts(known, names, rules);
    const links = new CapturedLinks(known, names, this.#options.gone);
    return new PublishedPorts(sink, known, own, {
      capturedOf: (of) => links.capturedOf(of),
      originOf: (address) => this.#originOf(address),
      mayHaveCalled: (...call) => called.mayHaveCalled(...call),
    });
  }

  #originOf(address: string): Origin {
    if (this.#insideRoutes.isCapturedTo(address)) return "inside";
    return this.routes.uncapturedTo(address)?.isCertain === true ? "elsewhere" : undefined;
  }

  /** A sink that is also told which rules of Docker's are gone, and what could have dropped what was dropped; and so are the ports that it was to come to. */
  async #namingGrounds(next: Sink, { rules }: Explained, ports: PublishedPorts | undefined): Promise<Sink> {
    const { GatheredDrops } = await import("../../report/gathered-drops.js");
    const { groundsOf } = await import("../../host/drops/grounds.js");
    const { natMissing } = await import("../../host/rules/nat-missing.js");
    return new GatheredDrops(next, (drops) => {
      const { snapshots, settings } = this.#known;
      const inForce = rules?.hasGaps === true ? [] : rules?.inForce;
      const { grounds, findings, stopped } = groundsOf(drops, snapshots, this.#interfaces, inForce, settings);
      for (const { kinds, cause } of grounds) if (cause.rule !== undefined) ports?.closedBy(cause.rule, kinds, stopped);
      return { stopped, findings: [...findings, ...natMissing(snapshots.at(-1), drops.asTheyCame)] };
    });
  }
}
