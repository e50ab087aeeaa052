import { spawnSync } from "node:child_process";

/** Something tests cannot do without: what to say where it is not there. */
type Need = () => string | undefined;

export const root: Need = () => (process.geteuid?.() === 0 ? undefined : "root");

/** Commands; `from` says where they come from. */
export function tools(names: readonly string[], from = "as a Debian package"): Need {
  return () => {
    const gone = names.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
    return gone.length === 0 ? undefined : `${gone.join(", ")} (${from})`;
  };
}

/**
 * Whether tests have to be skipped, as something is missing here: then one line says what. With CI set none is: what is missing fails
 * there.
 */
export function isSkipped(tests: string, ...needs: readonly Need[]): boolean {
  if (process.env["CI"] !== undefined) return false;
  const missing = needs.map((need) => need()).find((need) => need !== undefined);
  if (missing !== undefined) console.info(`skipped: ${tests}: needs ${missing}`);
  return missing !== undefined;
}
