/** Characters that do something to a terminal or an editor: controls (C0, DEL, C1), line separators, and what changes the direction of writing. */
const ACTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text from a capture, a file or a command line, on one line and safe on a terminal: what acts there is shown as an escape. */
export function printable(text: string): string {
  return text.replaceAll(ACTIVE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/**
 * JSON that is safe on a terminal, too: JSON.stringify leaves what is above U+007E as it is. With an `indent`, on many lines; these are its
 * only line feeds.
 */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(ACTIVE, (character) =>
    character === "\n"
      ? character
      : Array.from({ length: character.length }, (_, at) => `\\u${hex4(character.charCodeAt(at))}`).join(""),
  );
}

function hex4(unit: number): string {
  return unit.toString(16).padStart(4, "0");
}
