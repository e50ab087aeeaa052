import { SIDE_NAMES } from "../sides.js";
import type { Finding } from "./findings.js";
import type { FindingCode } from "./finding-codes.js";

/** What a conversation comes to whose entry conntrack has no more. */
const WITHOUT_ENTRY = ["refused", "host-reset", "leak", "reply-untranslated", "untranslated", "asymmetric"] as const;

/** Which findings tell why there are others: of the same packets, or of the same flows. */
const EXPLAINS: Readonly<Partial<Record<FindingCode, readonly FindingCode[]>>> = {
  "conntrack-bypassed": ["leak", "reply-untranslated", "untranslated", "asymmetric"],
  "conntrack-deleted": WITHOUT_ENTRY,
  "conntrack-evicted": WITHOUT_ENTRY,
  "conntrack-timed-out": WITHOUT_ENTRY,
  "conntrack-unreplied": ["drop-unexplained"],
  leak: ["unanswered", "asymmetric"],
  "nat-missing": ["leak", "untranslated", "unanswered"],
  "reply-untranslated": ["unanswered", "asymmetric"],
};

/** These are about what became of packets: what tells why names those. Others are about flows. */
const OF_PACKETS: ReadonlySet<FindingCode> = new Set(["refused", "host-reset"]);

/** These are no more than signs of what is wrong, or say that nothing tells it: where all of one is explained, it is not said. */
export const SIGNS: ReadonlySet<FindingCode> = new Set(["asymmetric", "drop-unexplained"]);

/** Whether findings of a code tell why there are some of another one. */
export function explains(code: FindingCode, other: FindingCode): boolean {
  return EXPLAINS[code]?.includes(other) === true;
}

/** Whether a finding may tell why there is another one, or another one why there is it. */
export function takesPart(code: FindingCode): boolean {
  return EXPLAINS[code] !== undefined || Object.values(EXPLAINS).some((others) => others.includes(code));
}

/** What of a finding others explain: these, which of its flows, and whether that is all of it. */
export interface Explained {
  readonly by: readonly Finding[];
  readonly flows: readonly number[];
  readonly isAll: boolean;
}

/** Which of some findings tell why there is one; undefined where none does. */
export function explainedBy(finding: Finding, all: readonly Finding[]): Explained | undefined {
  const isOfPackets = OF_PACKETS.has(finding.code);
  const causes = all.filter(
    (other) => explains(other.code, finding.code) && (isOfPackets ? sharesFrame : sharesFlow)(other, finding),
  );
  if (causes.length === 0) return undefined;
  const flows = finding.flows.filter((flow) => causes.some((cause) => cause.flows.includes(flow)));
  const isAll =
    finding.more === 0 && (isOfPackets ? hasAllFrames(causes, finding) : flows.length === finding.flows.length);
  return { by: causes, flows, isAll };
}

function sharesFlow({ flows }: Finding, other: Finding): boolean {
  return other.flows.some((flow) => flows.includes(flow));
}

function sharesFrame({ frames }: Finding, other: Finding): boolean {
  return SIDE_NAMES.some((side) => other.frames[side].some((frame) => frames[side].includes(frame)));
}

/** Whether some findings name all frames of another one. */
export function hasAllFrames(findings: readonly Finding[], { frames, more }: Finding): boolean {
  const isNamed = (side: "inside" | "outside", frame: number) =>
    findings.some((each) => each.frames[side].includes(frame));
  const count = frames.inside.length + frames.outside.length;
  return count > 0 && more === 0 && SIDE_NAMES.every((side) => frames[side].every((frame) => isNamed(side, frame)));
}
