import { Few } from "../../../packets/results/few.js";
import { type Finding, findingOf } from "../../../packets/results/findings.js";
import { saidFew } from "../../../packets/results/sentence.js";
import { INSIDE, OUTSIDE, SIDE_NAMES } from "../../../packets/sides.js";
import type { TunnelCount } from "../../intake/tunnel-tally.js";
import type { End, Finder } from "./finder.js";

/** So many findings there are: a host has tunnels to each other node. */
const MOST_TOLD = 10;

/** `tunnel`: what came in tunnels of the host, by type and ends. */
export class Tunnel implements Finder {
  close({ tunnels }: Pick<End, "tunnels">): Finding[] {
    const between = new Map<string, TunnelCount[]>();
    for (const each of tunnels.counted) {
      if (each.isClosed || each.frames.count === 0) continue;
      const { type, src, dst } = each.tunnel;
      const ends = `${type} ${[src, dst].sort().join(" ")}`;
      const others = between.get(ends);
      if (others === undefined) between.set(ends, [each]);
      else others.push(each);
    }
    const told = [...between.values()].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || sum(b) - sum(a));
    const found = told.slice(0, MOST_TOLD).map((all) => findingAbout(all));
    const rest = told.slice(MOST_TOLD);
    const more = tunnels.others + sum(rest.flat());
    if (more === 0) return found;
    const others = `${tunnels.others === 0 ? "" : "more than "}${rest.length} other pairs of ends`;
    return [...found, findingOf("tunnel", more, `${SIDE_NAMES[OUTSIDE]} has tunnels between ${others}`)];
  }
}

function isOpen(all: readonly TunnelCount[]): boolean {
  return all.some((each) => each.isOpen);
}

function sum(all: readonly TunnelCount[]): number {
  return all.reduce((frames, each) => frames + each.frames.count, 0);
}

/** What is to be told of the tunnels of a type between two ends. */
function findingAbout(all: readonly TunnelCount[]): Finding {
  const { type, src, dst } = all[0].tunnel;
  const ids = new Few<number>();
  for (const id of new Set(all.flatMap(({ tunnel }) => tunnel.id ?? []))) ids.add(id);
  const frames = new Few<number>();
  for (const frame of all.flatMap((each) => each.frames.listed).sort((a, b) => a - b)) frames.add(frame);
  frames.count = sum(all);
  const inside = SIDE_NAMES[INSIDE];
  const what = isOpen(all)
    ? `carries packets of ${inside}, and what it carries is paired`
    : `carries nothing that ${inside} is known to have`;
  const text = `${type}${ids.count === 0 ? "" : ` ${saidFew(ids).text}`} between ${src} and ${dst} ${what}`;
  return findingOf("tunnel", frames.count, text, { frames: [new Few<number>(), frames] });
}
