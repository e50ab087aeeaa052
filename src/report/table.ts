import stringWidth from "fast-string-width";

/** A column's heading and on which side its cells stand flush. */
export interface TableColumn {
  readonly heading: string;
  readonly align: "left" | "right";
}

/** Characters that reports are made of, one column wide each; of others, somebody has to look up how wide they are. */
const NARROW = /^[ -~µ→←]*$/;

function columnsOf(cell: string): number {
  return NARROW.test(cell) ? cell.length : stringWidth(cell);
}

/** Rows under headings, two spaces between columns, each column as wide as its widest cell; no trailing spaces. */
export function table(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const all = [columns.map((column) => column.heading), ...rows].map((row) =>
    columns.map((_, at) => ({ cell: row[at] ?? "", width: columnsOf(row[at] ?? "") })),
  );
  const widths = columns.map((_, at) => all.reduce((widest, row) => Math.max(widest, row[at].width), 0));
  const lines = all.map((row) =>
    columns
      .map(({ align }, at) => {
        const { cell, width } = row[at];
        const gap = " ".repeat(widths[at] - width);
        return align === "left" ? cell + gap : gap + cell;
      })
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}
