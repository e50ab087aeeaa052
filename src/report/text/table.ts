import { columnsOf } from "./columns.js";

/** A column's heading and on which side its cells stand flush. */
export interface TableColumn {
  readonly heading: string;
  readonly align: "left" | "right";
}

/** Columns that the widest line of a text takes, whatever its colours. */
export function widthOf(text: string): number {
  return Math.max(...text.split("\n").map((line) => columnsOf(line)));
}

/** Rows under headings, two spaces between columns, each column as wide as its widest cell; no trailing spaces. */
export function table(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const all = [columns.map(({ heading }) => heading), ...rows];
  const padded = columns.map(({ align }, at) => {
    const cells = all.map((row) => row[at] ?? "");
    const widths = cells.map((line) => columnsOf(line));
    const widest = Math.max(...widths);
    return cells.map((cell, row) => {
      const gap = " ".repeat(widest - widths[row]);
      return align === "left" ? cell + gap : gap + cell;
    });
  });
  const line = (row: number): string => padded.map((cells) => cells[row]).join("  ");
  return all.map((_, row) => `${line(row).trimEnd()}\n`).join("");
}
