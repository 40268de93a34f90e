import { IrProgram } from '../ir/code/ir-program.ts';
import { Layouts } from '../ir/debug/layouts.ts';
import { Lines, type SourcePlace } from '../ir/debug/lines.ts';
import { DebugNodes } from '../ir/debug/node.ts';
import { link } from '../ir/link.ts';
import { type IrModule, readModule } from '../ir/read/module.ts';
import type { Int64 } from '../ir/read/values.ts';
import type { Frame, IrThread } from '../ir/run/interpreter.ts';
import { Memory } from '../ir/run/memory.ts';
import { IrStop } from '../ir/stop.ts';
import type { SourceLine } from '../steps/within.ts';
import { STANDS_IN } from './boundary/stands-in.ts';
import type { Bundle } from './bundle.ts';
import { BadBundle } from './stop.ts';
import { hexOf } from './values.ts';

/** Parts of the image, by the low halves of their addresses; no two of them meet. */
const IMAGE = {
  text: 0x10000000,
  data: 0x20000000,
  objects: 0x50000000,
  stack: 0x60000000,
  root: 0x70000000,
  nodes: 0x71000000,
};

/**
 * The upper half of the image's addresses: above the linear map, in the vmalloc area, as arm64's image is; for x86-64 in the last
 * 256G, in which no region of the model is.
 */
function imageHalf({ arch, config }: Bundle): number {
  if (arch === 'x86_64') return -64;
  const bits = Number(config.ARM64_VA_BITS);
  if (!(bits >= 36 && bits <= 52))
    throw new BadBundle('the configuration of the bundle names no address width');
  // VA_BITS_MIN: a kernel for 52 bits has its image where one for 48 bits has it, with 16K pages for 47
  const least = bits <= 48 ? bits : config.ARM64_16K_PAGES === 'y' ? 47 : 48;
  return -(2 ** (least - 33));
}

/** The linked functions of a bundle, with the debug information of its files. */
export class SourceProgram {
  readonly bundle: Bundle;
  readonly ir: IrProgram;
  /** The upper half of all addresses of the image. */
  readonly half: number;
  /** The address of swapper_pg_dir. */
  readonly root: Int64;
  readonly #debug = new Map<IrModule, { readonly layouts: Layouts; readonly lines: Lines }>();
  readonly #constants = new Memory();
  readonly #numbers = new Map<ReadonlySet<string>, ReadonlySet<number>>();
  readonly #written = new Set<string>();
  /** The lines of a file of the tree, for stories; none without a tree. */
  tree: ((file: string) => readonly string[]) | undefined;
  /** C functions that took a step of the model, by name: in how many steps they were the innermost. */
  readonly ran = new Map<string, number>();

  constructor(bundle: Bundle) {
    this.bundle = bundle;
    this.half = imageHalf(bundle);
    this.root = this.imageAddress('root');
    const modules = bundle.modules.map(({ file, text }) => read(file, text));
    this.ir = new IrProgram(
      link(modules, new Set(modules.filter((_, i) => bundle.modules[i]!.replaces))),
      {
        text: this.imageAddress('text'),
        data: this.imageAddress('data'),
      },
      STANDS_IN,
    );
    for (const module of this.ir.linked.modules) {
      const nodes = new DebugNodes(module);
      this.#debug.set(module, { layouts: new Layouts(nodes), lines: new Lines(nodes) });
    }
    if (this.ir.linked.modules.some((module) => module.globals.has('swapper_pg_dir')))
      this.ir.placeAt('swapper_pg_dir', this.root, 4096);
    // declared without a size
    if (this.ir.linked.modules.some((module) => module.globals.has('node_data')))
      this.ir.placeAt('node_data', this.imageAddress('nodes'), 8);
  }

  /** The first address of a part of the image. */
  imageAddress(part: keyof typeof IMAGE): Int64 {
    return { lo: IMAGE[part], hi: this.half };
  }

  /** Whether the bundle has the function's body. */
  has(fn: string): boolean {
    return this.ir.linked.find(fn)?.kind === 'function';
  }

  /** The numbers of all functions of these names that run: those of headers are in several files, and what is replaced does not. */
  numbersOf(names: ReadonlySet<string>): ReadonlySet<number> {
    const known = this.#numbers.get(names);
    if (known) return known;
    const { linked } = this.ir;
    const found = linked.symbols.filter(
      (one) =>
        one.kind === 'function' && names.has(one.fn.name) && linked.symbol(one.module, one.fn.name) === one,
    );
    const numbers = new Set(found.map((one) => this.ir.functionNumber(one)));
    this.#numbers.set(names, numbers);
    return numbers;
  }

  /** How many arguments a function takes. */
  arity(fn: string): number {
    return this.ir.code(this.ir.find(fn))!.parameters.length;
  }

  /** Whether a function returns nothing. */
  isVoid(fn: string): boolean {
    const symbol = this.ir.linked.find(fn);
    return symbol?.kind === 'function' && symbol.fn.returns.kind === 'void';
  }

  /** The value of an enumerator. @throws BadBundle if no file has it */
  enumerator(name: string): number {
    const value = this.enumeratorIfAny(name);
    if (value !== undefined) return value;
    throw new BadBundle(`no file of the bundle knows the enumerator ${name}`);
  }

  /** The value of an enumerator, or undefined. */
  enumeratorIfAny(name: string): number | undefined {
    for (const { layouts } of this.#debug.values()) {
      const value = layouts.enumerator(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** The place of a member, in bytes. @throws BadBundle if no file has it */
  member(struct: string, path: string): { readonly offset: number; readonly size: number } {
    const place = this.memberIfAny(struct, path);
    if (place) return place;
    throw new BadBundle(`no file of the bundle has struct ${struct} with ${path}`);
  }

  /** The same, or undefined. */
  memberIfAny(struct: string, path: string): { readonly offset: number; readonly size: number } | undefined {
    for (const { layouts } of this.#debug.values()) {
      const place = layouts.place(struct, path);
      if (place) return place;
    }
    return undefined;
  }

  /** The size of the first of these structs that a file has, in bytes. @throws BadBundle if none has one */
  struct(...names: readonly string[]): { readonly size: number } {
    for (const name of names) {
      for (const { layouts } of this.#debug.values()) {
        const known = layouts.struct(name);
        if (known) return known;
      }
    }
    throw new BadBundle(`no file of the bundle has struct ${names.join(' or ')}`);
  }

  /** The value of a variable that never changes, as its initialiser has it. */
  constant(at: Int64, size: number): Int64 {
    const placed = this.ir.variableAt(at.lo, at.hi);
    if (placed && !this.#written.has(placed.symbol.name)) {
      this.#written.add(placed.symbol.name);
      this.ir.writeVariable(this.#constants, placed);
    }
    this.#constants.load(at.lo, at.hi, size);
    return { lo: this.#constants.lo, hi: this.#constants.hi };
  }

  /** The C string at an address. */
  text(at: Int64): string {
    let text = '';
    for (let i = 0; ; i++) {
      const { lo } = this.constant({ lo: at.lo + i, hi: at.hi }, 1);
      if (lo === 0) return text;
      text += String.fromCharCode(lo);
    }
  }

  /** The functions in which a thread is, the innermost first. */
  chain(thread: IrThread): readonly string[] {
    return thread.frames.map(({ code }) => plainName(code.name)).reverse();
  }

  /** The lines of C at which a thread is, the innermost first, with the functions inlined there. */
  lines(thread: IrThread): readonly SourcePlace[] {
    return thread.frames
      .map((frame) => this.#chainOf(frame))
      .reverse()
      .flat();
  }

  /** The innermost line of a file that is no header, with the variables of its function that `told` names. */
  line(thread: IrThread, told: ReadonlySet<string>): SourceLine | undefined {
    for (const frame of [...thread.frames].reverse()) {
      const place = this.#chainOf(frame).find(({ file }) => file.endsWith('.c'));
      if (!place) continue;
      const variables = this.#variables(frame, place.fn).filter(({ name }) => told.has(name));
      const text = this.tree?.(place.file)[place.line - 1]?.trim();
      return {
        file: place.file,
        line: place.line,
        ...(text ? { text } : {}),
        ...(variables.length > 0 ? { variables } : {}),
      };
    }
    const [first] = this.lines(thread);
    return first && { file: first.file, line: first.line };
  }

  #chainOf({ code, pc }: Frame): readonly SourcePlace[] {
    return this.#debug.get(code.module)!.lines.chain(code.location(pc));
  }

  /** The variables of a function whose values are known. */
  #variables({ code, pc, regs }: Frame, fn: string): { readonly name: string; readonly value: string }[] {
    const { lines } = this.#debug.get(code.module)!;
    return [...code.variables(pc)].flatMap(([number, register]) => {
      const variable = lines.variable(number);
      if (variable?.fn !== fn || (variable.size !== 8 && variable.size !== 4 && !variable.boolean)) return [];
      const word = { lo: regs[register]!, hi: variable.size === 8 ? regs[register + 1]! : 0 };
      return [{ name: variable.name, value: variable.boolean ? String((word.lo & 1) === 1) : hexOf(word) }];
    });
  }
}

/** A function's name in C. */
export const plainName = (name: string): string => name.replace(/@\d+$/, '');

function read(file: string, text: string): IrModule {
  try {
    return readModule(text);
  } catch (error) {
    if (error instanceof IrStop) throw new BadBundle(`${file} of the bundle: ${error.message}`);
    throw error;
  }
}
