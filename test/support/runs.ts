/** How many times as long as usual properties are tested: NATCORR_RUNS, 1 by default (see CONTRIBUTING). */
export const TIMES = Number(process.env["NATCORR_RUNS"] ?? 1);

/** The same cases each time, so that a test that passes here passes elsewhere; new ones when more are asked for. */
export const SEED = TIMES === 1 ? 1 : undefined;

/** `usual` is what takes about a second. */
export function runs(usual: number): number {
  return Math.max(1, Math.round(usual * TIMES));
}
