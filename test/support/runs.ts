/** How many times as long as usual properties are tested: NATCORR_RUNS, 1 by default (see CONTRIBUTING). */
export const TIMES = Number(process.env["NATCORR_RUNS"] ?? 1);

/** `usual` is what takes about a second. */
export function runs(usual: number): number {
  return Math.max(1, Math.round(usual * TIMES));
}
