/** Why a frame has no twin. */
export const VERDICTS = [
  "dropped",
  "refused",
  "local",
  "elsewhere",
  "proxied",
  "copy",
  "no-overlap",
  "capture-loss",
  "unknown",
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Verdicts that become known of packets that were judged before. */
export const LATE_VERDICTS = [
  "dropped",
  "refused",
  "elsewhere",
  "proxied",
  "no-overlap",
  "capture-loss",
  "unknown",
] as const satisfies readonly Verdict[];

/** Verdicts that an operator has to do something about. */
export const PROBLEMS: ReadonlySet<Verdict> = new Set(["dropped", "refused"]);

/** What a drop came to: no later copy was seen; one got through; later data shows that it did not matter; or nothing tells. */
export const IMPACTS = ["lost", "resent", "covered", "unknown"] as const;
export type Impact = (typeof IMPACTS)[number];
