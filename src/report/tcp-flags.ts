import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from "../protocols/tcp.js";

/** TCP flags in the order tcpdump prints them (print-tcp.c, tcp_flag_values). */
const LETTERS: readonly (readonly [bit: number, letter: string])[] = [
  [FIN, "F"],
  [SYN, "S"],
  [RST, "R"],
  [PSH, "P"],
  [ACK, "."],
  [URG, "U"],
  [ECE, "E"],
  [CWR, "W"],
];

const TEXTS = Array.from({ length: 256 }, (_, flags) =>
  LETTERS.map(([bit, letter]) => ((flags & bit) === 0 ? "" : letter)).join(""),
);

/** TCP flags in tcpdump's letters: `S.` is SYN with ACK; `none` where none is set. */
export function tcpFlagsText(flags: number): string {
  return TEXTS[flags] || "none";
}
