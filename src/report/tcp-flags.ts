/** TCP flags in the order tcpdump prints them (print-tcp.c, tcp_flag_values). */
const LETTERS: readonly (readonly [bit: number, letter: string])[] = [
  [0x01, "F"],
  [0x02, "S"],
  [0x04, "R"],
  [0x08, "P"],
  [0x10, "."],
  [0x20, "U"],
  [0x40, "E"],
  [0x80, "W"],
];

const TEXTS = Array.from({ length: 256 }, (_, flags) =>
  LETTERS.map(([bit, letter]) => ((flags & bit) === 0 ? "" : letter)).join(""),
);

/** TCP flags in tcpdump's letters: `S.` is SYN with ACK; `none` where none is set. */
export function tcpFlagsText(flags: number): string {
  return TEXTS[flags] || "none";
}
