import type { CapturePoint } from "./capture.js";
import type { Packet } from "./packet.js";
import { type Direction, type Fate, type Flow, listOf, type World } from "./world.js";

/**
 * The packets of which the captures decide which frame of the other one is the twin, to an error of 2⁻⁴⁰ a pair, or that none is. What no evidence reaches that with,
 * whoever looks:
 *
 * - packets that are alike in all that survives the router, of flows whose translation nothing tells (clones in lock-step);
 * - packets of one flow that are alike and left in another order than they entered;
 * - packets of one flow that are alike, of which one was dropped or missed nearby: it may have been any of them, unless
 *   each is so far from the next that only one partner lies within four times the longest latency of the run, as stamps may show it;
 * - packets of one flow that are alike and no farther from each other than that, where the capture that sees them enter misses some in silence, and some that
 *   leave are dropped, or missed as well: as many as entered may have left, and each capture lack another one;
 * - packets of one flow that are alike, where a capture shows packets twice, unless each is so much farther from the next as the latest copy comes late: of
 *   what left, nothing tells a copy from the next one;
 * - what a scenario says of single packets (`SendOptions.why`), as where an IP ID is all there is to go by.
 *
 * A TTL tells packets apart as their bytes do. Bytes behind a snaplen count as if they had been kept: a scenario that cuts
 * hides nothing that alone tells two packets apart.
 */
export function distinctPackets(world: World, isSeen: (fate: Fate) => boolean, windowNs: number): ReadonlySet<number> {
  const contents = new Map(world.fates.map((fate) => [fate.serial, contentOf(fate)]));
  const content = (fate: Fate) => `${fate.direction} ${contents.get(fate.serial) ?? ""}`;
  const longestNs = world.fates.reduce((longest, fate) => Math.max(longest, fate.exitNs - fate.entryNs), 0);
  const copyNs = Math.max(latestCopyNs(world.inside), latestCopyNs(world.outside));
  const farNs = 4 * (longestNs + Math.max(world.inside.model.resolutionNs, world.outside.model.resolutionNs)) + copyNs;
  const all = [...grouped(world.fates, content).values()].flatMap((alike) => chains(alike, windowNs));
  const known = knownFlows(world, all, isSeen, farNs);
  const mayShift = { outbound: mayBeShifted(world, "outbound"), inbound: mayBeShifted(world, "inbound") };
  const decidable = new Set<number>();
  const own = (fate: Fate) => (known.has(fate.flow) ? `${fate.flow} ${content(fate)}` : content(fate));
  for (const [, alike] of grouped(world.fates, own)) {
    for (const chain of chains(alike, windowNs)) {
      const isOrdered =
        copyNs === 0 &&
        !mayShift[chain[0].direction] &&
        chain.every((fate, i) => isSeen(fate) && (i === 0 || fate.exitNs > chain[i - 1].exitNs));
      const isOne =
        chain.length === 1 || (isOrdered && chain.every((fate) => fate.flow === chain[0].flow && known.has(fate.flow)));
      for (const [i, fate] of chain.entries()) {
        if (fate.isUndecidable) continue;
        if (isOne || (known.has(fate.flow) && isFarFromOthers(chain, i, farNs))) decidable.add(fate.serial);
      }
    }
  }
  return decidable;
}

/** How much later than what it is a copy of the latest copy came that a capture point shows, nanoseconds; 0 where it shows none. */
function latestCopyNs({ taps }: CapturePoint): number {
  const shownNs = new Map<number, number>();
  let latestNs = 0;
  for (const { serial, timeNs, isCopy } of taps.toSorted((a, b) => a.timeNs - b.timeNs)) {
    const firstNs = shownNs.get(serial);
    if (firstNs === undefined) shownNs.set(serial, timeNs);
    else if (isCopy) latestNs = Math.max(latestNs, timeNs - firstNs);
  }
  return latestNs;
}

/** Whether of packets that are alike and go this way, one may be missed as it enters, and another one lost or missed before it is seen to leave. */
function mayBeShifted({ inside, outside, fates }: World, direction: Direction): boolean {
  const [entry, exit] = direction === "outbound" ? [inside, outside] : [outside, inside];
  if (!missesInSilence(entry)) return false;
  return missesInSilence(exit) || fates.some((fate) => fate.direction === direction && fate.left === null);
}

function missesInSilence({ missedFrames, model }: CapturePoint): boolean {
  return missedFrames > 0 && !model.isMissTold;
}

/** Whether no other of its chain could have become what this one became, or been what it was, within so long. What never left may be any of those that did. */
function isFarFromOthers(chain: readonly Fate[], index: number, withinNs: number): boolean {
  const { entryNs, exitNs, left } = chain[index];
  if (left === null) return chain.every((other) => other.left === null || Math.abs(other.exitNs - entryNs) > withinNs);
  return [chain[index - 1], chain[index + 1]].every(
    (other) =>
      other === undefined ||
      (Math.abs(other.entryNs - exitNs) > withinNs &&
        (other.exitNs < 0 || Math.abs(other.exitNs - entryNs) > withinNs)),
  );
}

/** How often packets like others must be alone at their time to tell a translation: some four bits each. */
const COINCIDENCES = 10;

/**
 * Flows whose translation the captures tell: a packet of theirs is like no other; or ten of theirs had no rival at their
 * time; or the port was kept, and nobody else used it towards the same end.
 */
function knownFlows(
  world: World,
  chains: readonly (readonly Fate[])[],
  isSeen: (fate: Fate) => boolean,
  farNs: number,
): ReadonlySet<number> {
  const evidence = new Map<number, number>();
  for (const chain of chains) {
    for (const [i, fate] of chain.entries()) {
      if (!isSeen(fate) || fate.isUndecidable) continue;
      const weight = chain.length === 1 ? COINCIDENCES : isFarFromOthers(chain, i, farNs) ? 1 : 0;
      evidence.set(fate.flow, (evidence.get(fate.flow) ?? 0) + weight);
    }
  }
  const known = new Set([...evidence].filter(([, weight]) => weight >= COINCIDENCES).map(([flow]) => flow));
  const users = new Map<string, number>();
  for (const flow of world.flows) users.set(portOf(flow), (users.get(portOf(flow)) ?? 0) + 1);
  for (const flow of world.flows) {
    const isKept = flow.inside.near.port === flow.outside.near.port && flow.inside.near.port !== 0;
    if (isKept && users.get(portOf(flow)) === 1) known.add(flow.id);
  }
  return known;
}

/** What a masquerading host is asked for: a port towards an end. */
function portOf({ proto, inside: { near, far } }: Flow): string {
  return `${proto} ${near.port} ${far.address} ${far.port}`;
}

/** Those that follow each other within a window, in order of entry: no later one is a rival of an earlier one. */
function chains(alike: readonly Fate[], windowNs: number): Fate[][] {
  const found: Fate[][] = [];
  for (const fate of alike) {
    const last = found.at(-1)?.at(-1);
    if (last === undefined || fate.entryNs - Math.max(last.entryNs, last.exitNs) > windowNs) found.push([fate]);
    else found.at(-1)?.push(fate);
  }
  return found;
}

function grouped(fates: readonly Fate[], by: (fate: Fate) => string): Map<string, Fate[]> {
  const groups = new Map<string, Fate[]>();
  for (const fate of fates) {
    if (fate.isLocal) continue;
    const group = groups.get(by(fate));
    if (group === undefined) groups.set(by(fate), [fate]);
    else group.push(fate);
  }
  return groups;
}

/** What of a packet is the same before and behind the router. Of one that never left, all of it may be. */
function contentOf({ entered, left }: Fate): string {
  const [before, after] = [listOf(entered), listOf(left ?? entered)];
  const isCut = before.length !== after.length;
  const fields = before.flatMap((packet, i) => {
    const passed = isCut || left === null ? packet : { ...after[i], ttl: after[i].ttl + 1 };
    const others = fieldsOf(passed);
    return fieldsOf(packet).map((field, k) => (field === others[k] ? field : "*"));
  });
  return fields.join("|");
}

function fieldsOf({ proto, ttl, ipId, df, tos, label, tcp, icmp, payload }: Packet): (string | number)[] {
  const { seq, ack, flags, window, options } = tcp ?? { seq: 0, ack: 0, flags: 0, window: 0, options: undefined };
  const bytes = payload.toString("latin1");
  const said =
    icmp === undefined
      ? ""
      : `${icmp.type} ${icmp.code} ${icmp.value} ${icmp.quote === undefined ? "" : fieldsOf(icmp.quote.packet).join()}`;
  return [
    proto,
    ttl,
    ipId,
    Number(df),
    tos,
    label,
    seq,
    ack,
    flags,
    window,
    options?.toString("latin1") ?? "",
    said,
    bytes,
  ];
}
