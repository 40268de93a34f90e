import { IrStop } from '../stop.ts';
import { type IrInstruction, readInstruction } from './instructions.ts';
import { DataLayout } from './layout.ts';
import { Scanner } from './scanner.ts';
import { readResultType, readType, type Type } from './types.ts';
import { type IrValue, readTyped, readValue, skipAttributes } from './values.ts';

/** A global variable; `init` is null if it is only declared. */
export interface Global {
  readonly name: string;
  readonly type: Type;
  readonly init: IrValue | null;
  readonly constant: boolean;
  /** The name is not visible outside the module. */
  readonly internal: boolean;
  readonly section: string;
  readonly align: number;
  readonly dbg: number;
}

export interface Parameter {
  readonly name: string;
  readonly type: Type;
}

export interface BasicBlock {
  readonly name: string;
  readonly code: readonly IrInstruction[];
}

/** A function; without a body if it is only declared. */
export interface IrFunction {
  readonly name: string;
  readonly returns: Type;
  readonly parameters: readonly Parameter[];
  readonly variadic: boolean;
  readonly internal: boolean;
  readonly dbg: number;
  readonly declared: boolean;
  /** Parsed on first use. */
  readonly blocks: readonly BasicBlock[];
}

/** A module of textual LLVM IR (versions 17 to 22). Bodies and metadata are parsed on first use. */
export interface IrModule {
  readonly source: string;
  readonly datalayout: string;
  readonly triple: string;
  readonly types: ReadonlyMap<string, Type>;
  readonly layout: DataLayout;
  readonly globals: ReadonlyMap<string, Global>;
  readonly functions: ReadonlyMap<string, IrFunction>;
  /** Aliases of functions and variables: name to name. */
  readonly aliases: ReadonlyMap<string, string>;
  /** The text of a numbered metadata node after its `=`; undefined if there is none. */
  metadata(number: number): string | undefined;
  /** The numbers of all metadata nodes whose text begins with `start`, in order. */
  metadataOf(start: string): readonly number[];
  /** Named metadata: `llvm.dbg.cu` and so on, as text. */
  readonly named: ReadonlyMap<string, string>;
}

/**
 * Read a module.
 * @throws IrStop `syntax` with the line
 */
export function readModule(text: string): IrModule {
  return new ModuleReader(text).read();
}

class ModuleReader {
  readonly #s: Scanner;
  readonly #types = new Map<string, Type>();
  readonly #globals = new Map<string, Global>();
  readonly #functions = new Map<string, IrFunction>();
  readonly #aliases = new Map<string, string>();
  readonly #named = new Map<string, string>();
  /** The start and end of the text of each numbered node. */
  readonly #nodes = new Map<number, readonly [number, number]>();
  #source = '';
  #datalayout = '';
  #triple = '';

  constructor(text: string) {
    this.#s = new Scanner(text);
  }

  read(): IrModule {
    const s = this.#s;
    while (!s.done) this.#entity();
    const nodes = this.#nodes;
    const { text } = s;
    const node = (n: number): string | undefined => {
      const at = nodes.get(n);
      return at && text.slice(at[0], at[1]);
    };
    return {
      source: this.#source,
      datalayout: this.#datalayout,
      triple: this.#triple,
      types: this.#types,
      layout: new DataLayout(this.#types),
      globals: this.#globals,
      functions: this.#functions,
      aliases: this.#aliases,
      named: this.#named,
      metadata: node,
      metadataOf: (start) => [...nodes].filter(([, [from]]) => text.startsWith(start, from)).map(([n]) => n),
    };
  }

  #entity(): void {
    const s = this.#s;
    switch (s.peek()) {
      case '!':
        this.#metadata();
        return;
      case '@':
        this.#global();
        return;
      case '%':
        this.#type();
        return;
      case '$':
      case '^':
        s.skipLine();
        return;
      default:
        this.#directive();
    }
  }

  #directive(): void {
    const s = this.#s;
    const word = s.peekWord();
    switch (word) {
      case 'define':
        this.#define();
        return;
      case 'declare':
        this.#declare();
        return;
      case 'source_filename':
        s.word();
        s.expect('=');
        this.#source = s.string();
        return;
      case 'target':
        s.word();
        if (s.take('datalayout')) {
          s.expect('=');
          this.#datalayout = s.string();
        } else {
          s.expect('triple');
          s.expect('=');
          this.#triple = s.string();
        }
        return;
      case 'module':
      case 'attributes':
      case 'uselistorder':
      case 'uselistorder_bb':
        s.skipLine();
        return;
      default:
        s.fail();
    }
  }

  #metadata(): void {
    const s = this.#s;
    const name = s.name('!');
    s.expect('=');
    s.take('distinct');
    s.peek();
    const start = s.pos;
    s.skipLine();
    const end = s.text[s.pos - 1] === '\n' ? s.pos - 1 : s.pos;
    if (/^\d+$/.test(name)) this.#nodes.set(Number(name), [start, end]);
    else this.#named.set(name, s.text.slice(start, end));
  }

  #type(): void {
    const s = this.#s;
    const name = s.name('%');
    s.expect('=');
    s.expect('type');
    this.#types.set(name, readType(s));
  }

  #global(): void {
    const s = this.#s;
    const name = s.name('@');
    s.expect('=');
    const words = new Set<string>();
    let section = '';
    for (;;) {
      const word = s.word();
      if (word === 'addrspace' || word === 'thread_local') {
        if (s.peek() === '(') s.skipBrackets();
        words.add(word);
      } else if (word === 'global' || word === 'constant') {
        words.add(word);
        break;
      } else if (word === 'alias') {
        this.#alias(name);
        return;
      } else if (word === '') s.fail();
      else words.add(word);
    }
    const type = readType(s);
    const declared = words.has('external') || words.has('extern_weak');
    const init = declared ? null : readValue(s, type);
    let align = 1;
    let dbg = -1;
    while (s.take(',')) {
      if (s.take('section')) section = s.string();
      else if (s.take('align')) align = Number(s.integer());
      else if (s.take('comdat')) {
        if (s.peek() === '(') s.skipBrackets();
      } else if (
        s.take('no_sanitize_address') ||
        s.take('no_sanitize_hwaddress') ||
        s.take('sanitize_memtag')
      )
        continue;
      else if (s.take('code_model') || s.take('partition')) s.string();
      else if (s.peek() === '!') {
        const kind = s.name('!');
        const number = Number(s.name('!'));
        if (kind === 'dbg') dbg = number;
      } else s.fail();
    }
    if (s.peek() === '#') s.skipLine();
    const internal = words.has('internal') || words.has('private');
    this.#globals.set(name, {
      name,
      type,
      init,
      constant: words.has('constant'),
      internal,
      section,
      align,
      dbg,
    });
  }

  #alias(name: string): void {
    const s = this.#s;
    readType(s);
    s.expect(',');
    const { value } = readTyped(s);
    if (value.kind !== 'global') throw new IrStop('constant', `alias @${name}`, `line ${s.line()}`);
    this.#aliases.set(name, value.name);
    s.skipLine();
  }

  /**
   * The words before the name of a function: linkage and others, then its result type; returns whether it is internal.
   */
  #head(): {
    returns: Type;
    name: string;
    internal: boolean;
    parameters: Parameter[];
    variadic: boolean;
    dbg: number;
  } {
    const s = this.#s;
    let internal = false;
    let dbg = -1;
    for (;;) {
      if (s.peek() === '!') {
        const kind = s.name('!');
        const number = Number(s.name('!'));
        if (kind === 'dbg') dbg = number;
        continue;
      }
      const { pos } = s;
      skipAttributes(s);
      const word = s.peekWord();
      if (LINKAGE.has(word)) {
        s.word();
        if (word === 'cc') s.integer();
        if (word === 'internal' || word === 'private') internal = true;
      } else if (s.pos === pos) break;
    }
    const returns = readResultType(s);
    const name = s.name('@');
    const { parameters, variadic } = this.#parameters();
    return { returns, name, internal, parameters, variadic, dbg };
  }

  #parameters(): { parameters: Parameter[]; variadic: boolean } {
    const s = this.#s;
    const parameters: Parameter[] = [];
    let variadic = false;
    s.expect('(');
    if (s.take(')')) return { parameters, variadic };
    do {
      if (s.take('...')) {
        variadic = true;
        continue;
      }
      const type = readType(s);
      skipAttributes(s);
      const name = s.peek() === '%' ? s.name('%') : String(parameters.length);
      parameters.push({ name, type });
    } while (s.take(','));
    s.expect(')');
    return { parameters, variadic };
  }

  #declare(): void {
    const s = this.#s;
    s.expect('declare');
    const head = this.#head();
    s.skipLine();
    this.#functions.set(head.name, { ...head, declared: true, blocks: [] });
  }

  #define(): void {
    const s = this.#s;
    s.expect('define');
    const head = this.#head();
    const line = s.text.indexOf('\n', s.pos);
    const found = /!dbg !(\d+)/.exec(s.text.slice(s.pos, line));
    const start = line + 1;
    const end = s.text.indexOf('\n}', s.pos);
    if (line < 0 || end < 0) s.fail();
    s.pos = end + 2;
    let blocks: readonly BasicBlock[] | null = null;
    const { text } = s;
    this.#functions.set(head.name, {
      ...head,
      dbg: found ? Number(found[1]) : head.dbg,
      declared: false,
      get blocks() {
        blocks ??= readBlocks(new Scanner(text, start, end + 1), head.parameters.length);
        return blocks;
      },
    });
  }
}

const LINKAGE = new Set(
  (
    'private internal available_externally linkonce weak common appending extern_weak linkonce_odr weak_odr external ' +
    'dso_local dso_preemptable hidden protected default dllimport dllexport ccc fastcc coldcc cc preserve_mostcc preserve_allcc ' +
    'unnamed_addr local_unnamed_addr'
  ).split(' '),
);

const LABEL = /\s*(?:([-$._a-zA-Z0-9]+)|"([^"]*)"):/y;

function readBlocks(s: Scanner, parameters: number): BasicBlock[] {
  const blocks: { name: string; code: IrInstruction[] }[] = [];
  while (!s.done) {
    LABEL.lastIndex = s.pos;
    const label = LABEL.exec(s.text);
    if (label) {
      s.pos = LABEL.lastIndex;
      blocks.push({ name: label[1] ?? label[2]!, code: [] });
      continue;
    }
    // the entry block may have no label: it then has the number after the parameters'
    if (blocks.length === 0) blocks.push({ name: String(parameters), code: [] });
    blocks.at(-1)!.code.push(readInstruction(s));
  }
  return blocks;
}
