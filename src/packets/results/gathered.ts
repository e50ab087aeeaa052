import { Few } from "./few.js";
import type { Sentence } from "./sentence.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../sides.js";

/** Which IP versions packets are of. */
export interface IpVersions {
  readonly isIpv4: boolean;
  readonly isIpv6: boolean;
}

/** What a finding is about, as data: flows, and frames by side; and the IP versions of these, where they are known. */
export interface Concerned {
  readonly versions?: IpVersions;
  readonly flows?: Few<number>;
  readonly frames?: readonly [Few<number>, Few<number>];
}

/** A flow, and the frames that it was first seen in: of each form, on the side where that was seen; 0 for none. */
export interface Located {
  readonly id: number;
  readonly sides: readonly [Side, Side];
  readonly firstFrames: readonly [number, number];
  /** Of which IP version it is inside; where that is not given, its ends there tell. */
  readonly isIpv6?: boolean;
  readonly inside?: { readonly src: string };
}

/** What a finding is about, while it is gathered. */
export class Gathered implements Concerned {
  readonly versions = { isIpv4: false, isIpv6: false };
  readonly flows = new Few<number>();
  readonly frames = [new Few<number>(), new Few<number>()] as const;

  /** Takes a frame, and its flow where that is known. `isIpv6`: undefined where that is not known, or does not matter. */
  add(side: Side, frame: number, flow: number | undefined, isIpv6?: boolean): void {
    if (isIpv6 !== undefined) this.#note(isIpv6);
    this.frames[side].add(frame);
    if (flow !== undefined) this.flows.addOnce(flow);
  }

  /** Takes a flow, by the frames that it was first seen in. */
  addFlow({ id, sides, firstFrames, isIpv6, inside }: Located): void {
    this.#note(isIpv6 ?? inside?.src.includes(":") ?? false);
    this.flows.add(id);
    // one that was learnt and never had a pair has none
    for (const [at, side] of sides.entries()) if (firstFrames[at] > 0) this.frames[side].add(firstFrames[at]);
  }

  /** Takes all that another one has; a flow that both have is listed once. */
  addAll({ versions, flows, frames }: Gathered): void {
    this.versions.isIpv4 ||= versions.isIpv4;
    this.versions.isIpv6 ||= versions.isIpv6;
    for (const flow of flows.listed) this.flows.addOnce(flow);
    this.flows.addUnlisted(flows.more);
    for (const side of SIDES) this.frames[side].addAll(frames[side]);
  }

  /** How many frames there are. */
  get count(): number {
    return this.frames[INSIDE].count + this.frames[OUTSIDE].count;
  }

  #note(isIpv6: boolean): void {
    if (isIpv6) this.versions.isIpv6 = true;
    else this.versions.isIpv4 = true;
  }
}

/** What a finding is about, and each case of it in words. */
export class Named extends Gathered {
  readonly named = new Few<Sentence>();
}

/** The only flow that a finding is about. */
export function oneFlow(flow: Located): Gathered {
  const gathered = new Gathered();
  gathered.addFlow(flow);
  return gathered;
}
