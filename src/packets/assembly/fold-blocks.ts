/**
 * Where folds are (`fold-words.ts`): in blocks of those that were taken one after the other. Of a block, it is known where its folds are, side by side in a
 * span, and how many are in use. Once a few more were opened behind it, a block of which most still wait is packed to some 24 bytes each, since there may
 * be a million within a window; it is unpacked once one of them is to be shown, as those of a block are shown at about the same time.
 */
import * as fold from "../fold-words.js";
import { giveRow, takeRow } from "../memory/assembly/free-list.js";
import { rowAt, setWord, wordOf } from "../memory/assembly/words.js";
import * as words from "../timeline-words.js";
import { NONE } from "../tuples.js";

const FOLDS = 1 << fold.FOLDS_BITS;
const FOLD_BYTES: usize = 4 << fold.FOLD_BITS;
/** Bytes of a piece behind the number of the next one. */
const PIECE_BYTES = (4 << fold.PIECE_BITS) - 4 * fold.PACKED;
/** Hashes of pairs that are alike, of which the last one is known. */
const KINDS_BITS = 10;
/** In the word that begins a packed fold, behind the number of the one before it that is like it: how many bytes the first words take … */
const SIZES_SHIFT = fold.FOLDS_BITS;
/** … and whether the last ones differ as well. */
const HAS_REST: u32 = 1 << 31;

/** The number of a fold that nobody uses. Precondition: there is room for a block. */
export function takeFold(line: usize): i32 {
  let number = wordOf(line, words.NEXT_FOLD);
  if ((number & (FOLDS - 1)) === 0) number = openBlock(line) << fold.FOLDS_BITS;
  setWord(line, words.NEXT_FOLD, number + 1);
  const block = blockAt(line, number >> fold.FOLDS_BITS);
  store<i32>(block, load<i32>(block, 4 * fold.IN_USE) + 1, 4 * fold.IN_USE);
  return number;
}

/** Gives a fold back that `foldToWrite` was asked for: it has no flow. */
export function giveFold(line: usize, number: i32): void {
  store<i32>(foldAt(line, number), NONE, 4 * fold.FLOW);
  const block = blockAt(line, number >> fold.FOLDS_BITS);
  const count = load<i32>(block, 4 * fold.IN_USE) - 1;
  store<i32>(block, count, 4 * fold.IN_USE);
  const next = wordOf(line, words.NEXT_FOLD);
  const isOpen = (next & (FOLDS - 1)) !== 0 && next >> fold.FOLDS_BITS === number >> fold.FOLDS_BITS;
  if (count > 0 || isOpen) return;
  giveRow(line, words.SPANS, fold.SPAN_BITS, words.FREE_SPAN, load<i32>(block, 4 * fold.SPAN));
  giveRow(line, words.BLOCKS, fold.BLOCK_BITS, words.FREE_BLOCK, number >> fold.FOLDS_BITS);
}

/** Where a fold can be read, until one of another block is asked for. */
export function foldAt(line: usize, number: i32): usize {
  const block = number >> fold.FOLDS_BITS;
  const at = load<i32>(blockAt(line, block), 4 * fold.SPAN);
  let folds = <usize>wordOf(line, words.PACKING) + fold.PACKED_BYTES;
  if (at >= 0) folds = spanAt(line, at);
  else if (wordOf(line, words.LOOKED_AT) !== block) {
    unpack(line, ~at, folds);
    setWord(line, words.LOOKED_AT, block);
  }
  return folds + <usize>(number & (FOLDS - 1)) * FOLD_BYTES;
}

/** Where it can be written to, as its block is packed no more. */
export function foldToWrite(line: usize, number: i32): usize {
  const block = blockAt(line, number >> fold.FOLDS_BITS);
  const at = load<i32>(block, 4 * fold.SPAN);
  if (at < 0) {
    store<i32>(block, takeRow(line, words.SPANS, fold.SPAN_BITS, words.FREE_SPAN, words.SPANS_END), 4 * fold.SPAN);
    unpack(line, ~at, spanAt(line, load<i32>(block, 4 * fold.SPAN)));
    for (let piece = ~at; piece !== NONE; ) {
      const next = load<i32>(pieceAt(line, piece), 4 * fold.NEXT_PIECE);
      giveRow(line, words.PIECES, fold.PIECE_BITS, words.FREE_PIECE, piece);
      piece = next;
    }
  }
  return foldAt(line, number);
}

/** Whether a block is in use, and packed. */
export function isPacked(line: usize, block: i32): bool {
  return load<i32>(blockAt(line, block), 4 * fold.IN_USE) > 0 && load<i32>(blockAt(line, block), 4 * fold.SPAN) < 0;
}

/** Whether a fold may be of the flow in a slot: of one that is packed, half of that is known. */
export function mayBeOf(line: usize, number: i32, slot: i32): bool {
  let at = ~load<i32>(blockAt(line, number >> fold.FOLDS_BITS), 4 * fold.SPAN);
  if (at < 0) return true;
  let offset = 2 * (number & (FOLDS - 1));
  for (; offset >= PIECE_BYTES; offset -= PIECE_BYTES) at = load<i32>(pieceAt(line, at), 4 * fold.NEXT_PIECE);
  return load<u16>(pieceAt(line, at) + 4 * fold.PACKED + <usize>offset) === <u16>slot;
}

function blockAt(line: usize, block: i32): usize {
  return rowAt(line, words.BLOCKS, block, fold.BLOCK_BITS);
}

function spanAt(line: usize, span: i32): usize {
  return rowAt(line, words.SPANS, span, fold.SPAN_BITS);
}

function pieceAt(line: usize, piece: i32): usize {
  return rowAt(line, words.PIECES, piece, fold.PIECE_BITS);
}

/** Opens a block, and packs the one that was opened so many before it. */
function openBlock(line: usize): i32 {
  const block = takeRow(line, words.BLOCKS, fold.BLOCK_BITS, words.FREE_BLOCK, words.BLOCKS_END);
  store<i32>(
    blockAt(line, block),
    takeRow(line, words.SPANS, fold.SPAN_BITS, words.FREE_SPAN, words.SPANS_END),
    4 * fold.SPAN,
  );
  store<i32>(blockAt(line, block), 0, 4 * fold.IN_USE);
  const opened = wordOf(line, words.OPENED);
  const recent = words.RECENT + (opened & (words.MOST_RECENT - 1));
  setWord(line, words.OPENED, opened + 1);
  if (opened >= words.MOST_RECENT) pack(line, wordOf(line, recent));
  setWord(line, recent, block);
  return block;
}

/** Packs a block of which most folds are in use still. */
function pack(line: usize, number: i32): void {
  const block = blockAt(line, number);
  const span = load<i32>(block, 4 * fold.SPAN);
  if (load<i32>(block, 4 * fold.IN_USE) < FOLDS / 2 || span < 0) return;
  // `write` looks things up where that block was looked at
  setWord(line, words.LOOKED_AT, NONE);
  const from = <usize>wordOf(line, words.PACKING);
  const bytes = <i32>(write(spanAt(line, span), from) - from);
  giveRow(line, words.SPANS, fold.SPAN_BITS, words.FREE_SPAN, span);
  let next = NONE;
  for (let at = ((bytes - 1) / PIECE_BYTES) * PIECE_BYTES; at >= 0; at -= PIECE_BYTES) {
    const piece = takeRow(line, words.PIECES, fold.PIECE_BITS, words.FREE_PIECE, words.PIECES_END);
    store<i32>(pieceAt(line, piece), next, 4 * fold.NEXT_PIECE);
    memory.copy(pieceAt(line, piece) + 4 * fold.PACKED, from + at, PIECE_BYTES);
    next = piece;
  }
  store<i32>(block, ~next, 4 * fold.SPAN);
}

/** Writes to `folds` what was packed into pieces, by the first of these. */
function unpack(line: usize, first: i32, folds: usize): void {
  const from = <usize>wordOf(line, words.PACKING);
  let to = from;
  for (let piece = first; piece !== NONE; piece = load<i32>(pieceAt(line, piece), 4 * fold.NEXT_PIECE)) {
    memory.copy(to, pieceAt(line, piece) + 4 * fold.PACKED, PIECE_BYTES);
    to += PIECE_BYTES;
  }
  read(from, folds);
}

/**
 * Writes the folds of a span, which means nothing any more then: the lower halves of their flows' slots, and the first one as it is; of each other one the number
 * of one before it that is like it, how many bytes each word takes by which they differ, two bits a word, and these bytes. Returns where they end.
 */
function write(span: usize, to: usize): usize {
  for (let nth = 0; nth < FOLDS; nth++) {
    const flow = span + <usize>nth * FOLD_BYTES + 4 * fold.FLOW;
    store<u16>(to + 2 * <usize>nth, load<u16>(flow));
    store<u32>(flow, load<u16>(flow, 2));
  }
  memory.copy(to + 2 * FOLDS, span, FOLD_BYTES);
  const kinds = to + fold.PACKED_BYTES;
  memory.fill(kinds, 0, 1 << KINDS_BITS);
  let at = to + 2 * FOLDS + FOLD_BYTES;
  for (let nth = 1; nth < FOLDS; nth++) {
    const one = span + <usize>nth * FOLD_BYTES;
    const kind = kinds + kindOf(one);
    const like = <u32>load<u8>(kind);
    store<u8>(kind, <u8>nth);
    const other = span + <usize>like * FOLD_BYTES;
    const rest = writeWords(one, other, 0, fold.HEADERS, at + 4);
    const often = like | (sizes << SIZES_SHIFT);
    const end = writeWords(one, other, fold.HEADERS, 1 << fold.FOLD_BITS, rest + 2);
    store<u32>(at, sizes === 0 ? often : often | HAS_REST);
    store<u16>(rest, <u16>sizes);
    at = sizes === 0 ? rest : end;
  }
  return at;
}

/** Reads what `write` wrote. */
function read(from: usize, span: usize): void {
  memory.copy(span, from + 2 * FOLDS, FOLD_BYTES);
  let at = from + 2 * FOLDS + FOLD_BYTES;
  for (let nth = 1; nth < FOLDS; nth++) {
    const one = span + <usize>nth * FOLD_BYTES;
    const often = load<u32>(at);
    const other = span + <usize>(often & (FOLDS - 1)) * FOLD_BYTES;
    at = readWords(one, other, 0, fold.HEADERS, often >>> SIZES_SHIFT, at + 4);
    const hasRest = (often & HAS_REST) !== 0;
    at = readWords(one, other, fold.HEADERS, 1 << fold.FOLD_BITS, hasRest ? load<u16>(at) : 0, hasRest ? at + 2 : at);
  }
  for (let nth = 0; nth < FOLDS; nth++) {
    const flow = span + <usize>nth * FOLD_BYTES + 4 * fold.FLOW;
    store<u32>(flow, (load<u32>(flow) << 16) | load<u16>(from + 2 * <usize>nth));
  }
}

/** Where the last fold is noted that was of a kind: such have the same flags, and were found in the same way. */
function kindOf(one: usize): usize {
  const flags = load<i32>(one, 4 * fold.TTL_FLAGS_PROTO) >>> fold.FLAGS_PROTO_SHIFT;
  const rest = load<i32>(one, 4 * fold.ID_TCP_FLAGS_TTL) >>> fold.TCP_FLAGS_SHIFT;
  const how = load<i32>(one, 4 * fold.HOW);
  const hash = (((flags * 31 + rest) * 31 + how) * 31 + load<i32>(one, 4 * fold.HEADERS)) * 0x9e37_79b1;
  return <usize>(<u32>hash >>> (32 - KINDS_BITS));
}

/** How many bytes each word takes that was written last, two bits each: 0, 1, 2, or 4. */
let sizes: u32 = 0;

/** Writes by how much words of a fold differ from those of another one. Returns where that ends. */
function writeWords(one: usize, other: usize, first: i32, end: i32, to: usize): usize {
  let at = to;
  sizes = 0;
  for (let word = first; word < end; word++) {
    const value = load<u32>(one + ((<usize>word) << 2));
    const like = load<u32>(other + ((<usize>word) << 2));
    const by = value - like;
    // the IP ID alone, or numbers near each other, in whichever order
    const bits = word === fold.ID_TCP_FLAGS_TTL ? value ^ like : (by << 1) ^ <u32>(<i32>by >> 31);
    const bytes = min<u32>(3, (39 - clz<u32>(bits)) >>> 3);
    store<u32>(at, bits);
    sizes |= bytes << (2 * (word - first));
    at += (1 << bytes) >> 1;
  }
  return at;
}

/** Makes words of a fold from those of another one, and what `writeWords` wrote. Returns where that ends. */
function readWords(one: usize, other: usize, first: i32, end: i32, from: u32, at: usize): usize {
  let rest = from;
  for (let word = first; word < end; word++) {
    const bytes = (1 << (rest & 3)) >> 1;
    const bits = <u32>(load<u32>(at) & <u32>(((<u64>1) << (8 * bytes)) - 1));
    const like = load<u32>(other + ((<usize>word) << 2));
    const by = (bits >>> 1) ^ (0 - (bits & 1));
    store<u32>(one + ((<usize>word) << 2), word === fold.ID_TCP_FLAGS_TTL ? like ^ bits : like + by);
    at += bytes;
    rest >>>= 2;
  }
  return at;
}
