import { writeDigits } from "./digits.js";

const COLON = 0x3a;
const DIGIT_0 = 0x30;
const LETTER_A = 0x61;

/** "0." … "255.", first byte lowest, and how many bytes that is. */
const OCTETS = new Int32Array(256);
const OCTET_BYTES = new Uint8Array(256);
for (let octet = 0; octet < 256; octet++) {
  const text = `${octet}.`;
  OCTET_BYTES[octet] = text.length;
  for (let at = 0; at < text.length; at++) OCTETS[octet] |= text.charCodeAt(at) << (8 * at);
}

/** Writes an address as `addressText` has it, and returns where it ends; what comes next overwrites a byte beyond. */
export function writeAddress(view: DataView, at: number, isIpv6: boolean, words: Uint32Array, from: number): number {
  return isIpv6 ? writeIpv6(view, at, words, from) : writeIpv4(view, at, words[from]);
}

function writeIpv4(view: DataView, from: number, word: number): number {
  const first = word >>> 24;
  const second = (word >>> 16) & 255;
  const third = (word >>> 8) & 255;
  let at = from;
  view.setInt32(at, OCTETS[first], true);
  at += OCTET_BYTES[first];
  view.setInt32(at, OCTETS[second], true);
  at += OCTET_BYTES[second];
  view.setInt32(at, OCTETS[third], true);
  at += OCTET_BYTES[third];
  return writeDigits(view, at, word & 255);
}

function writeIpv6(view: DataView, from: number, words: Uint32Array, first: number): number {
  // RFC 5952 4.2: the longest run of zero groups, the first of equals, and never a single one, becomes "::"
  let run = -1;
  let runLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groupOf(words, first, start + length) === 0) length++;
    if (length > runLength) {
      run = start;
      runLength = length;
    }
  }
  let at = from;
  for (let group = 0; group < 8; group++) {
    if (group === run) {
      view.setUint8(at++, COLON);
      view.setUint8(at++, COLON);
      group += runLength - 1;
      continue;
    }
    if (group > 0 && group !== run + runLength) view.setUint8(at++, COLON);
    at = writeHex(view, at, groupOf(words, first, group));
  }
  return at;
}

function groupOf(words: Uint32Array, first: number, group: number): number {
  return (words[first + (group >> 1)] >>> (group % 2 === 0 ? 16 : 0)) & 0xffff;
}

/** 0 … ffff, without leading zeros. */
function writeHex(view: DataView, from: number, value: number): number {
  let at = from;
  for (let shift = value > 0xfff ? 12 : value > 0xff ? 8 : value > 0xf ? 4 : 0; shift >= 0; shift -= 4) {
    const digit = (value >> shift) & 15;
    view.setUint8(at++, digit < 10 ? DIGIT_0 + digit : LETTER_A + digit - 10);
  }
  return at;
}
