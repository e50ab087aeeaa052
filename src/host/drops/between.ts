import type { HostFacts, Settings } from "../snapshot/host-facts.js";
import type { Queue } from "../snapshot/network-facts.js";
import type { Coming } from "../snapshot/policy-rules.js";
import { Routing } from "../snapshot/routing.js";

/** What two snapshots of a host say of the time between them. */
export class Between {
  readonly #before: HostFacts;
  readonly #after: HostFacts;
  readonly #routings: readonly Routing[];
  readonly #read: readonly Settings[];

  /** `meanwhile`: the settings as they were read between the two, in the order of time. */
  constructor(before: HostFacts, after: HostFacts, meanwhile: readonly Settings[]) {
    this.#before = before;
    this.#after = after;
    const { timeNs: heldNs } = meanwhile.at(-1) ?? before;
    this.#read = [settingsOf(before, before.timeNs), ...meanwhile, settingsOf(after, heldNs)];
    this.#routings = [before, after].map(({ network }) => new Routing(network));
  }

  /** A setting that both have alike, by its name as sysctl(8) writes it; undefined where they do not, or lack it. */
  sysctl(name: string): string | undefined {
    const [before, after] = [this.#before, this.#after].map(({ network }) => network.sysctls.get(name));
    return before === after ? after : undefined;
  }

  /** A setting as the later one has it; undefined where it lacks that. */
  sysctlAfter(name: string): string | undefined {
    return this.#after.network.sysctls.get(name);
  }

  /**
   * When a setting was read first as having a value, and the times between which it may have had that: of the reading before, and of the next one that has another value.
   * Epoch nanoseconds.
   */
  spansAs(name: string, value: string): { readonly fromNs: bigint; readonly readNs: bigint; readonly toNs: bigint }[] {
    const spans: { readonly fromNs: bigint; readonly readNs: bigint; toNs: bigint }[] = [];
    let open: { readonly fromNs: bigint; readonly readNs: bigint; toNs: bigint } | undefined;
    for (const { timeNs, heldNs, sysctls } of this.#read) {
      if (open !== undefined) open.toNs = timeNs;
      const now = sysctls.get(name);
      // one that is not there is as it was before
      if (now === undefined) continue;
      if (now !== value) open = undefined;
      else if (open === undefined) {
        open = { fromNs: heldNs, readNs: timeNs, toNs: timeNs };
        spans.push(open);
      }
    }
    return spans;
  }

  /** The settings of all interfaces that have this name: `forwarding` is net.ipv4.conf.<interface>.forwarding. */
  sysctlsOfInterfaces(name: string): (string | undefined)[] {
    const names = [...this.#after.network.sysctls.keys()].filter(
      (each) => each.startsWith("net.ipv4.conf.") && each.endsWith(`.${name}`),
    );
    return names.map((each) => this.sysctl(each));
  }

  /** Whether nothing changed of the host's network from a time on, epoch nanoseconds, to the later one, as somebody heard. */
  isSteadySince(timeNs: bigint): boolean {
    const { steadySinceNs } = this.#after;
    return steadySinceNs !== undefined && steadySinceNs <= timeNs;
  }

  /** The MTU that an interface has by both, bytes; undefined where they differ, or lack it. */
  mtu(name: string): number | undefined {
    const [before, after] = [this.#before, this.#after].map(({ network }) => network.mtus.get(name));
    return before === after && after !== undefined && after > 0 ? after : undefined;
  }

  /** By how much a counter moved; undefined where one of them lacks it, or it went back. */
  moved(counter: string): number | undefined {
    const [before, after] = [this.#before, this.#after].map(({ network }) => network.counters.get(counter));
    return before === undefined || after === undefined || after < before ? undefined : after - before;
  }

  /** What holds, or filters, the packets of an interface in the end, and how many it dropped meanwhile: none where nothing tells. One that came meanwhile counts from 0. */
  queues(name: string): (Queue & { readonly moved: number })[] {
    const [before, after] = [this.#before, this.#after].map(({ network }) => network.queues);
    if (before === undefined || after === undefined) return [];
    return after.flatMap((queue) => {
      if (queue.dev !== name) return [];
      const { kind, handle, drops } = queue;
      const same = before.find((each) => each.dev === name && each.kind === kind && each.handle === handle);
      const moved = drops - (same?.drops ?? 0);
      return moved > 0 ? [{ ...queue, moved }] : [];
    });
  }

  /**
   * By how much conntrack's `drop` moved for want of room: what it drops as another entry has its ports, it counts as `insert_failed` as well
   * (net/netfilter/nf_conntrack_core.c, nf_ct_resolve_clash). 0 where it lacks the counter.
   */
  get lackedRoom(): number {
    return Math.max(0, (this.moved("drop") ?? 0) - (this.moved("insert_failed") ?? 0));
  }

  /** Whether the route to an address is one of these by both. `coming`: what may choose it beside that. */
  isRoute(address: string, isOne: (route: ReturnType<Routing["route"]>) => boolean, coming?: Coming): boolean {
    return this.#routings.every((routing) => isOne(routing.route(address, coming)));
  }
}

function settingsOf({ timeNs, network: { sysctls } }: HostFacts, heldNs: bigint): Settings {
  return { timeNs, heldNs, sysctls };
}
