/** A Markdown table, the first column to the left and all others to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, i) => Math.max(3, heading.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (i === 0 ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width))).join(" | ")} |\n`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |\n`;
  return line(headings) + rule + rows.map(line).join("");
}

/** A share as a percentage that says 100 % only where it is all. */
export function percent(share: number): string {
  return `${share === 1 ? "100" : (Math.floor(share * 1e5) / 1e3).toFixed(3)} %`;
}
