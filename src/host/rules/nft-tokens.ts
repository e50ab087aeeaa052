/** A piece of an nft rule set. */
export interface Token {
  /** Without its quotes. */
  readonly text: string;
  readonly isQuoted: boolean;
  /** Where it stands in the text. */
  readonly start: number;
  readonly end: number;
}

/**
/**
 * In this order: a continued line, blanks, a comment, a string, a separator, a word; or any one character. A string, as that of a comment, may hold newlines, in so
 * many characters (NFTNL_UDATA_COMMENT_MAXLEN, libnftnl's udata.h); one that is never closed ends with its line. What nft writes of a part of iptables' own, where
 * it was built without iptables' library, is no comment: `# xt_recent` (src/xt.c, xt_stmt_xlate).
 */
const PIECE = /\\\n|[^\S\n]+|#(?! xt_)[^\n]*|"[^"]{0,128}"|"[^"\n]*"?|[{},;\n]|[^\s{},;"#]+/y;

/** Cuts nft's text into words, strings and the separators `{ } , ;` and newline; comments are left out. nft(8), "Lexical conventions". */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    PIECE.lastIndex = at;
    const piece = PIECE.exec(text)?.[0] ?? text[at];
    const start = at;
    at += piece.length;
    if (piece === "\n" || /^[^\s#\\]/.test(piece) || /^\\[^\n]/.test(piece)) {
      const isQuoted = piece.startsWith('"');
      tokens.push({ text: isQuoted ? piece.replaceAll('"', "") : piece, isQuoted, start, end: at });
    }
  }
  return tokens;
}

/** Reads tokens one after the other. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** The text of the next token but `ahead`, or "" beyond the end. A string is never taken for a word or separator of rules. */
  peek(ahead = 0): string {
    const token = this.#tokens[this.#at + ahead];
    return token === undefined ? "" : token.isQuoted ? `"${token.text}` : token.text;
  }

  /** The next token's text, and goes on; "" at the end. */
  next(): string {
    return this.#tokens[this.#at++]?.text ?? "";
  }

  /** Goes on over the next token if it is this one. */
  accepts(text: string): boolean {
    const isNext = this.peek() === text;
    if (isNext) this.#at++;
    return isNext;
  }

  /** Reads what lies between the next token, an opening brace, and its closing one. */
  block(): Token[] {
    const start = ++this.#at;
    let depth = 1;
    while (!this.isAtEnd) {
      if (this.peek() === "{") depth++;
      if (this.peek() === "}" && --depth === 0) return this.#tokens.slice(start, this.#at++);
      this.#at++;
    }
    return this.#tokens.slice(start);
  }

  /** Reads up to a newline or semicolon that is not within braces, and goes on over it. */
  statement(): Token[] {
    const start = this.#at;
    while (!this.isAtEnd) {
      const text = this.peek();
      if (text === "{") {
        this.block();
        continue;
      }
      if (text === "\n" || text === ";") return this.#tokens.slice(start, this.#at++);
      this.#at++;
    }
    return this.#tokens.slice(start);
  }
}
