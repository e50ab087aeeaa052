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

/** Columns that the widest line of a text takes, whatever its colours. */
export function widthOf(text: string): number {
  return Math.max(...text.split("\n").map((line) => stringWidth(line)));
}

/** Rows under headings, two spaces between columns, each column as wide as its widest cell; no trailing spaces. */
export function table(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const all = [columns.map(({ heading }) => heading), ...rows];
  const padded = columns.map(({ align }, at) => {
    const cells = all.map((row) => row[at] ?? "");
    const widths = cells.map(columnsOf);
    const widest = Math.max(...widths);
    return cells.map((cell, row) => {
      const gap = " ".repeat(widest - widths[row]);
      return align === "left" ? cell + gap : gap + cell;
    });
  });
  const line = (row: number): string => padded.map((cells) => cells[row]).join("  ");
  return all.map((_, row) => `${line(row).trimEnd()}\n`).join("");
}
