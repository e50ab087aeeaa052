import type { Gathered } from "../../../../packets/results/gathered.js";
import type { Sentence } from "../../../../packets/results/sentence.js";

/** A conversation in which somebody asked something. */
export interface Called {
  /** `tcp 172.17.0.2.40000 > 203.0.113.5.443`, as the inside has it: from its initiator … */
  saidFrom(isInitiators: true): Sentence;
  /** … and without the initiator's port. */
  readonly saidService: Sentence;
  /** What those of one initiator to one service have in common. */
  readonly serviceKey: string;
  /** Takes it into what a finding is about. */
  gatherIn(gathered: Gathered): void;
}
