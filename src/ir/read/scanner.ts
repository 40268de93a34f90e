import { IrStop } from '../stop.ts';

const NAME_CHAR = new Uint8Array(128);
for (const c of '$._-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')
  NAME_CHAR[c.charCodeAt(0)] = 1;

const QUOTE = 34;
const SPACE = 32;
const NEWLINE = 10;

/** Whether a character code may occur in a bare name of LLVM IR. */
const isNameChar = (code: number): boolean => code < 128 && NAME_CHAR[code] === 1;

/** Scans the text of a module. Blanks and comments between tokens are skipped; line ends count as blanks. */
export class Scanner {
  readonly text: string;
  pos: number;
  readonly #end: number;

  constructor(text: string, pos = 0, end = text.length) {
    this.text = text;
    this.pos = pos;
    this.#end = end;
  }

  /** The next character that is not blank and not in a comment; '' at the end. */
  peek(): string {
    this.#skip();
    return this.pos < this.#end ? this.text[this.pos]! : '';
  }

  get done(): boolean {
    this.#skip();
    return this.pos >= this.#end;
  }

  /** Whether this text comes next; if so, it is consumed. */
  take(word: string): boolean {
    this.#skip();
    if (!this.text.startsWith(word, this.pos)) return false;
    const next = this.pos + word.length;
    if (
      isNameChar(word.charCodeAt(word.length - 1)) &&
      next < this.#end &&
      isNameChar(this.text.charCodeAt(next))
    )
      return false;
    this.pos = next;
    return true;
  }

  /** @throws IrStop if another text comes next */
  expect(word: string): void {
    if (!this.take(word)) this.fail();
  }

  /** A bare word: letters, digits and `$._-`; '' if none comes next. */
  word(): string {
    this.#skip();
    const start = this.pos;
    while (this.pos < this.#end && isNameChar(this.text.charCodeAt(this.pos))) this.pos++;
    return this.text.slice(start, this.pos);
  }

  /** The next bare word, without consuming it. */
  peekWord(): string {
    const { pos } = this;
    const word = this.word();
    this.pos = pos;
    return word;
  }

  /** A name after its sigil: `@x`, `%"a b"`, `!12`. */
  name(sigil: string): string {
    this.#skip();
    if (this.text[this.pos] !== sigil) this.fail();
    this.pos++;
    return this.text.charCodeAt(this.pos) === QUOTE ? this.string() : this.word();
  }

  /** The text between quotes with escapes resolved: one character per byte. */
  string(): string {
    this.#skip();
    if (this.text.charCodeAt(this.pos) !== QUOTE) this.fail();
    const close = this.text.indexOf('"', this.pos + 1);
    if (close < 0) this.fail();
    const raw = this.text.slice(this.pos + 1, close);
    this.pos = close + 1;
    return raw.includes('\\')
      ? raw.replace(/\\(?:([0-9a-fA-F]{2})|\\)/g, (_, hex: string | undefined) =>
          hex === undefined ? '\\' : String.fromCharCode(Number.parseInt(hex, 16)),
        )
      : raw;
  }

  /** A decimal integer, as its text. */
  integer(): string {
    const word = this.word();
    if (!/^-?\d+$/.test(word)) this.fail();
    return word;
  }

  /** Skips a bracketed text; the scanner is at the opening bracket. */
  skipBrackets(): void {
    this.#skip();
    let depth = 0;
    for (; this.pos < this.#end; this.pos++) {
      const c = this.text.charCodeAt(this.pos);
      if (c === QUOTE) {
        this.pos = this.text.indexOf('"', this.pos + 1);
        if (this.pos < 0) this.fail();
      } else if (c === 40 || c === 91 || c === 123) depth++;
      else if ((c === 41 || c === 93 || c === 125) && --depth === 0) {
        this.pos++;
        return;
      }
    }
    this.fail();
  }

  /** Skips the rest of the line. */
  skipLine(): void {
    const end = this.text.indexOf('\n', this.pos);
    this.pos = end < 0 ? this.#end : end + 1;
  }

  /** The number of the line of a position, from 1. */
  line(pos = this.pos): number {
    let line = 1;
    for (let at = this.text.indexOf('\n'); at >= 0 && at < pos; at = this.text.indexOf('\n', at + 1)) line++;
    return line;
  }

  /** @throws IrStop always: the text at the scanner does not match the grammar */
  fail(): never {
    const rest = this.text.slice(this.pos, this.pos + 60).split('\n')[0];
    throw new IrStop('syntax', JSON.stringify(rest), `line ${this.line()}`);
  }

  #skip(): void {
    const { text } = this;
    while (this.pos < this.#end) {
      const c = text.charCodeAt(this.pos);
      if (c === SPACE || c === NEWLINE || c === 9 || c === 13) this.pos++;
      else if (c === 59) this.skipLine();
      else return;
    }
  }
}
