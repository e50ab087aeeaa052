import { printable } from "../../../packets/printable.js";

/** What is said, and its values by name. */
export type Sentence = readonly [what: string, values: Readonly<Record<string, string>>];

/** What Wireshark reads, a sentence a line. It knows no way to write a brace in a value. */
export function sentences(...each: readonly Sentence[]): string {
  return each
    .map(([what, values]) => {
      const parts = Object.entries(values).map(
        ([key, value]) => `{${key}=${printable(value).replaceAll(/[{}]/g, "")}}`,
      );
      return `${what} ${parts.join("")}\n`;
    })
    .join("");
}
