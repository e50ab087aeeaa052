import type { ProgramOf } from "../wire/decode.js";

/** A pcap filter's program for each link type, or what libpcap says against it there. Data alone: another thread may have it. */
export interface FrameFilter {
  readonly programs: ReadonlyMap<number, Int32Array>;
  readonly refusals: ReadonlyMap<number, string>;
}

/** The programs of a filter, if there is one. `warn` is told, once, of each link type of which the filter selects nothing. */
export function programsOf(filter: FrameFilter | undefined, warn: (text: string) => void): ProgramOf | undefined {
  if (filter === undefined) return undefined;
  return (linkType) => {
    const refusal = filter.refusals.get(linkType);
    if (refusal !== undefined) warn(`${refusal}; so no frame of link type ${linkType} is selected`);
    return filter.programs.get(linkType);
  };
}
