/** A Markdown table, the first column to the left and all others to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const { head, row } = growing(headings, rows);
  return head + rows.map(row).join("");
}

/** The same for rows that are known one after the other. `known`: what is known of them beforehand, by which columns are as wide. */
export function growing(headings: readonly string[], known: readonly (readonly string[])[]) {
  const widths = headings.map((heading, i) =>
    Math.max(3, heading.length, ...known.map((cells) => (cells[i] ?? "").length)),
  );
  const row = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (i === 0 ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width))).join(" | ")} |\n`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |\n`;
  return { head: row(headings) + rule, row };
}

/** A share as a percentage that says 100 % only where it is all. */
export function percent(share: number): string {
  return `${share === 1 ? "100" : (Math.floor(share * 1e5) / 1e3).toFixed(3)} %`;
}
