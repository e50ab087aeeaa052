import type { Host, Output } from "./host.js";

/** Columns assumed where neither a terminal nor COLUMNS says. */
const DEFAULT_COLUMNS = 100;

/** How many columns a line may take where no option says: as many as the terminal has, or COLUMNS says. */
export function widthOf({ columns }: Pick<Output, "columns">, env: Host["env"]): number {
  return columns || columnsOf(env) || DEFAULT_COLUMNS;
}

/** What COLUMNS says, which ls(1) and others take the width from where there is no terminal. */
function columnsOf({ COLUMNS = "" }: Host["env"]): number | undefined {
  return /^[1-9]\d*$/.test(COLUMNS) ? Number(COLUMNS) : undefined;
}
