import type { Int64 } from '../ir/read/values.ts';
import type { Stack } from '../ir/run/host.ts';
import { type Frame, Interpreter, type IrEvent, type IrThread } from '../ir/run/interpreter.ts';
import { Memory } from '../ir/run/memory.ts';
import { IrStop } from '../ir/stop.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { mmu_steps } from '../kernel/mmu.ts';
import { change, forget, look } from '../kernel/ops.ts';
import { PFN_DOWN } from '../kernel/pfn.ts';
import type { Step, Steps } from '../steps/step.ts';
import type { Call, PlacedStep, SourceLine } from '../steps/within.ts';
import { Addresses, OBJECT_SIZE, type Place } from './addresses.ts';
import { shapeOf } from './boundary/asm.ts';
import { EXTERNALS } from './boundary/externals.ts';
import { newTask, structOf } from './boundary/objects.ts';
import { RUN_BY_THE_KERNEL } from './boundary/run-by-the-kernel.ts';
import {
  readPageOfUsage,
  readSection,
  readSectionRoot,
  readUsage,
  writeSection,
  writeSectionRoot,
  writeUsage,
} from './boundary/sections.ts';
import type { Said, Site } from './boundary/site.ts';
import { readStructPage } from './boundary/struct-page.ts';
import { variableOf } from './boundary/variables.ts';
import { readNode, readZone, writeNode, writeZone } from './boundary/zones.ts';
import { plainName, type SourceProgram } from './program.ts';
import { SourceStop } from './stop.ts';
import { descriptorOf, equal, hexOf, numberOf, wordOfDescriptor, ZERO } from './values.ts';

/** Bytes of a thread's stack, as arm64 has it. */
const STACK_SIZE = 0x4000;

/** More instructions than any modelled function needs between two accesses. */
const BUDGET = 10_000_000;

/** x86-64, until v5.12: the mark of the struct pages of a block that are in use no longer. */
const PAGE_INUSE = 0xfd;

/** More calls than one call of a C function makes. */
const MOST_CALLS = 2 ** 30;

/** An argument of a C function: a word, or an object of the model to which it is a pointer. */
export type SourceArgument = Int64 | { readonly object: object | null };

/** Arguments that a C function gets in place of its caller's; undefined leaves the caller's. */
export type GivenArguments = Readonly<Record<string, readonly (Int64 | undefined)[]>>;

type Event<K extends IrEvent['kind']> = Extract<IrEvent, { readonly kind: K }>;

export interface SourceRunOptions {
  /** It does not say what the thread remembers, which only an exploration needs. */
  readonly alone: boolean;
  readonly given: GivenArguments;
}

/** Runs a C function of the bundle as a thread of the model; its result as a word. */
export function* runSource(
  k: Kernel,
  program: SourceProgram,
  fn: string,
  args: readonly SourceArgument[],
  { alone, given }: SourceRunOptions,
): Steps<Int64> {
  const run = new SourceRun(k, program, fn, given);
  if (alone) return yield* run.run(args, false);
  yield { op: 'enter', at: `C ${fn}`, live: [] };
  const value = yield* run.run(args, true);
  yield { op: 'leave', value: [value.lo, value.hi] };
  return value;
}

/** Variables of C that a story tells: where in the address space the thread is, and whether tables may go. */
const TOLD: ReadonlySet<string> = new Set([
  ...['addr', 'next', 'end', 'start', 'virt', 'phys', 'size'],
  ...['floor', 'ceiling', 'free_mapped'],
]);

function accessOf(event: IrEvent): SourceLine['access'] {
  if (event.kind !== 'load' && event.kind !== 'store') return undefined;
  if (event.volatile) return 'volatile';
  return event.ordering === '' ? 'plain' : 'atomic';
}

/** One call of a C function, with all that it calls in C. */
class SourceRun {
  readonly #k: Kernel;
  readonly #program: SourceProgram;
  readonly #fn: string;
  readonly #addresses: Addresses;
  readonly #stack: Stack;
  readonly #objects: object[] = [];
  readonly #interpreter: Interpreter;
  #thread: IrThread | undefined;
  /** Numbers of calls in C, for stories. */
  readonly #calls = new WeakMap<Frame, number>();
  #made = 0;
  readonly #task = newTask();
  readonly #written = new Set<string>();
  readonly #copies = new Map<number, Map<number, Int64>>();
  /** The struct pages that were filled with PAGE_INUSE last, by address; null if memory was that has none. */
  #inUse: { readonly start: number; readonly end: number } | null = null;
  readonly #said: Said = {};

  constructor(k: Kernel, program: SourceProgram, fn: string, given: GivenArguments) {
    this.#k = k;
    this.#program = program;
    this.#fn = fn;
    this.#addresses = new Addresses(k.c, program);
    this.#stack = { ...program.imageAddress('stack'), size: STACK_SIZE };
    const byNumber = Object.entries(given)
      .filter(([name]) => program.has(name))
      .map(([name, values]) => [program.ir.find(name), values] as const);
    this.#interpreter = new Interpreter(program.ir, new Memory(), {
      observe: true,
      outside: program.numbersOf(RUN_BY_THE_KERNEL),
      ...(byNumber.length > 0 ? { given: new Map(byNumber) } : {}),
    });
  }

  *run(args: readonly SourceArgument[], forgets: boolean): Steps<Int64> {
    const { ir } = this.#program;
    const words = args.map((arg) => ('object' in arg ? this.#pointer(arg.object) : arg));
    const thread = this.#guarded(() => this.#interpreter.start(ir.find(this.#fn), words, this.#stack));
    this.#thread = thread;
    for (;;) {
      const event = this.#guarded(() => this.#interpreter.run(thread, BUDGET));
      if (event.kind === 'returned') return event.value;
      this.#note(thread);
      const answer = this.#answer(thread, event);
      yield* this.#k.narrated ? this.#placed(thread, event, answer) : answer;
      if (forgets) yield* this.#forget(thread);
    }
  }

  /** Steps with the functions of C that take them, besides the one that was called, and the line. */
  *#placed(thread: IrThread, event: IrEvent, steps: Steps<void>): Steps<void> {
    const calls = thread.frames.slice(1).map((frame): Call => {
      const known = this.#calls.get(frame) ?? ++this.#made;
      this.#calls.set(frame, known);
      return { nr: known / MOST_CALLS, fn: plainName(frame.code.name) };
    });
    const place = this.#program.line(thread, TOLD);
    const access = accessOf(event);
    const line = place && { line: { ...place, ...(access ? { access } : {}) } };
    for (let next = steps.next(); !next.done; ) {
      const { by = [] }: PlacedStep = next.value;
      const step: PlacedStep = { ...line, ...next.value, by: [...calls, ...by] };
      next = steps.next(yield step as Step);
    }
  }

  #note(thread: IrThread): void {
    const { ran } = this.#program;
    const name = plainName(thread.frames.at(-1)!.code.name);
    ran.set(name, (ran.get(name) ?? 0) + 1);
  }

  /** The thread depends on its frames and its stack from here on. */
  *#forget(thread: IrThread): Steps<void> {
    // a story also tells the values that are not used again
    if (!this.#k.narrated) thread.forget();
    const frames = thread.frames.map(({ code, pc, regs }) => [
      code.number,
      pc,
      regs.slice(code.variable).join(),
    ]);
    const { lo, hi, size } = this.#stack;
    const stack = this.#interpreter.memory.bytes(thread.sp, hi, lo + size - thread.sp).join();
    yield* forget(`C ${this.#fn}`, frames, stack, this.#objects, this.#said.text, this.#said.entry);
  }

  *#answer(thread: IrThread, event: IrEvent): Steps<void> {
    switch (event.kind) {
      case 'load':
        this.#interpreter.answer(thread, yield* this.#load(event));
        return;
      case 'store':
        yield* this.#store(event);
        this.#interpreter.answer(thread, ZERO);
        return;
      case 'fill':
        yield* this.#fill(event);
        this.#interpreter.answer(thread, ZERO);
        return;
      case 'call':
        this.#interpreter.answer(thread, yield* this.#call(event));
        return;
      case 'asm': {
        const { text } = this.#program.ir.asms[event.number]!;
        const found = shapeOf(this.#k.c.arch, text);
        if (!found) return this.#stop(`the inline assembly ${JSON.stringify(text)}`);
        if (found.shape.is === 'refused') return this.#stop(`the inline assembly "${found.shape.name}"`);
        const result = found.shape.run ? yield* found.shape.run(this.#site(event.args), found.match) : {};
        this.#interpreter.answer(thread, result.value ?? ZERO, result.target ?? 0);
        return;
      }
      case 'move':
        this.#move(event);
        this.#interpreter.answer(thread, ZERO);
        return;
      default:
        return this.#stop(`a loop of ${BUDGET} instructions without an access`);
    }
  }

  *#load(event: Pick<Event<'load'>, 'at' | 'size'>): Steps<Int64> {
    const { at, size } = event;
    const place = this.#addresses.place(at);
    switch (place.kind) {
      case 'memory':
        if (size !== 8) break;
        if (this.#copyAt(place.p)) return this.#copyAt(place.p)!.get(place.p) ?? ZERO;
        return wordOfDescriptor(yield* look(mmu_steps.read_at, place.p));
      case 'struct page':
        return yield* readStructPage(this.#site([]), place.pfn, place.offset);
      case 'variable': {
        if (place.constant) return this.#guarded(() => this.#program.constant(at, size));
        const variable = variableOf(place.name);
        if (!variable?.read || variable.is === 'refused')
          return this.#stop(`a read of the variable ${plainName(place.name)}`);
        return yield* variable.read(this.#site([]), place.offset, size, at);
      }
      case 'object':
        return this.#member(place, size).read();
      case 'section root':
        return yield* readSectionRoot(this.#site([]), place);
      case 'section':
        return yield* readSection(this.#site([]), place, size);
      case 'usage':
        return yield* readUsage(this.#site([]), place, size);
      case 'page of usage':
        return yield* readPageOfUsage(this.#site([]), place);
      case 'zone':
        return yield* readZone(this.#site([]), place, size);
      case 'node':
        return yield* readNode(this.#site([]), place, size);
      case 'node pointer':
        if (size !== 8) break;
        return this.#addresses.ofNode(place.nid);
      case 'nothing':
        // a variable of the caller, which a function of the boundary reads
        if (this.#inStack(at, size)) return this.#onStack(at, size);
        // a table for which there was no memory
        if (at.hi === 0 && at.lo >>> 0 < this.#k.c.PAGE_SIZE)
          return yield* this.#k.$page_fault(at.lo, false, this.#program.chain(this.#thread!)[0]!);
    }
    return this.#stop(`a read of ${size} bytes at ${hexOf(at)}`);
  }

  *#store(event: Pick<Event<'store'>, 'at' | 'size' | 'value'>): Steps<void> {
    const { at, size, value } = event;
    const place = this.#addresses.place(at);
    switch (place.kind) {
      case 'memory':
        if (size !== 8) break;
        if (this.#copyAt(place.p)) {
          this.#copyAt(place.p)!.set(place.p, value);
          return;
        }
        yield* change(mmu_steps.write_at, place.p, descriptorOf(value));
        return;
      case 'variable': {
        const variable = variableOf(place.name);
        if (!variable?.write || variable.is === 'refused')
          return this.#stop(`a write of the variable ${plainName(place.name)}`);
        yield* variable.write(this.#site([]), place.offset, size, value);
        return;
      }
      case 'object':
        this.#member(place, size).write(value);
        return;
      case 'section root':
        return yield* writeSectionRoot(this.#site([]), place, value);
      case 'section':
        return yield* writeSection(this.#site([]), place, size, value);
      case 'usage':
        return yield* writeUsage(this.#site([]), place, size, value);
      case 'zone':
        return yield* writeZone(this.#site([]), place, size, value);
      case 'node':
        return yield* writeNode(this.#site([]), place, size, value);
      case 'page of usage':
      case 'node pointer':
      case 'struct page':
        break;
      case 'nothing':
        // a variable of the caller, which a function of the boundary sets
        if (!this.#inStack(at, size)) break;
        this.#interpreter.memory.store(at.lo, at.hi, size, value.lo, value.hi);
        return;
    }
    this.#stop(`a write of ${size} bytes at ${hexOf(at)}`);
  }

  *#fill({ at, size, byte }: Event<'fill'>): Steps<void> {
    const place = this.#addresses.place(at);
    if (this.#k.c.arch === 'x86_64' && byte === PAGE_INUSE && place.kind !== 'nothing') {
      const start = numberOf(at);
      this.#inUse = place.kind === 'struct page' ? { start, end: start + size } : null;
      return;
    }
    if (place.kind !== 'memory' || place.p < 0 || byte !== 0)
      return this.#stop(`a memset of ${size} bytes at ${hexOf(at)}`);
    yield* change(mmu_steps.clear_pages, place.p, size);
  }

  #copyAt(p: number): Map<number, Int64> | undefined {
    return this.#copies.size > 0 ? this.#copies.get(PFN_DOWN(this.#k.c, p)) : undefined;
  }

  #inStack(at: Int64, size: number): boolean {
    const { lo, hi, size: whole } = this.#stack;
    return at.hi === hi && at.lo >= lo && at.lo + size <= lo + whole;
  }

  #onStack({ lo, hi }: Int64, size: number): Int64 {
    const { memory } = this.#interpreter;
    this.#guarded(() => memory.load(lo, hi, size));
    return { lo: memory.lo, hi: memory.hi };
  }

  /** A constant that initialises a variable on the stack. */
  #move({ at, from, size }: Event<'move'>): void {
    const place = this.#addresses.place(from);
    if (!this.#inStack(at, size) || place.kind !== 'variable' || !place.constant)
      this.#stop(`a copy of ${size} bytes from ${hexOf(from)} to ${hexOf(at)}`);
    const { memory } = this.#interpreter;
    for (let i = 0; i < size; i++) {
      const byte = this.#guarded(() => this.#program.constant({ lo: from.lo + i, hi: from.hi }, 1));
      memory.store(at.lo + i, at.hi, 1, byte.lo, 0);
    }
  }

  *#call({ name, args }: Event<'call'>): Steps<Int64> {
    const external = EXTERNALS[plainName(name)];
    if (!external) return this.#stop(`the function ${name}(), which is not in the bundle`);
    if (!external.run) return this.#stop(`the function ${name}()`);
    return yield* external.run(this.#site(args));
  }

  /** A member of an object of the model, by its offset in the C struct. */
  #member(
    { number, offset }: Extract<Place, { kind: 'object' }>,
    size: number,
  ): { read(): Int64; write(value: Int64): void } {
    const object = this.#objects[number];
    // struct page *pages[]
    if (Array.isArray(object)) {
      const pfn: unknown = object[offset / 8];
      if (size !== 8 || typeof pfn !== 'number') return this.#stop(`byte ${offset} of an array of pages`);
      return {
        read: () => this.#addresses.ofPage(pfn),
        write: () => this.#stop('a write to an array of pages'),
      };
    }
    const known = object && structOf(object);
    if (!object || !known) return this.#stop(`an object that is not of the model`);
    for (const [path, member] of Object.entries(known.members)) {
      const place = this.#program.memberIfAny(known.struct, path);
      if (place?.offset !== offset || place.size !== size) continue;
      return {
        read: () => member.read(object as never, (other) => this.#pointer(other), this.#k.c, this.#program),
        write: (value) => {
          if (!member.write) return this.#stop(`a write of ${path} of struct ${known.struct}`);
          member.write(object as never, value);
        },
      };
    }
    return this.#stop(`byte ${offset} of struct ${known.struct}`);
  }

  #objectAround(at: Int64): { readonly object: object; readonly offset: number } {
    const place = this.#addresses.place(at);
    const object = place.kind === 'object' ? this.#objects[place.number] : undefined;
    if (place.kind !== 'object' || !object)
      return this.#stop(`a pointer ${hexOf(at)} to no object of the model`);
    return { object, offset: place.offset };
  }

  #pointer(object: object | null): Int64 {
    if (object === null) return ZERO;
    if (Array.isArray(object) && object.length * 8 > OBJECT_SIZE)
      return this.#stop(`an array of ${object.length} pages`);
    const known = this.#objects.indexOf(object);
    return this.#addresses.ofObject(known >= 0 ? known : this.#objects.push(object) - 1);
  }

  #site(args: readonly Int64[]): Site {
    return {
      k: this.#k,
      program: this.#program,
      addresses: this.#addresses,
      args,
      chain: this.#program.chain(this.#thread!),
      written: this.#written,
      inUse: this.#inUse,
      said: this.#said,
      copies: this.#copies,
      place: (at) => this.#addresses.place(at),
      task: () => this.#pointer(this.#task),
      pointer: (object) => this.#pointer(object),
      read: (at, size) => this.#load({ at, size }),
      write: (at, size, value) => this.#store({ at, size, value }),
      objectAt: (at) => {
        if (equal(at, ZERO)) return null;
        const { object, offset } = this.#objectAround(at);
        return offset === 0 ? object : this.#stop(`a pointer ${hexOf(at)} into an object of the model`);
      },
      objectAround: (at) => this.#objectAround(at),
      stop: (what) => this.#stop(what),
    };
  }

  /** What the interpreter cannot do, as an error of the run with its place in C. */
  #guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof IrStop) return this.#stop(error.message);
      throw error;
    }
  }

  #stop(what: string): never {
    const lines = this.#thread ? this.#program.lines(this.#thread) : [];
    const [first] = lines;
    const at = first ? `${first.file}:${first.line}: ` : '';
    const chain = lines.map(({ fn }) => fn).filter((fn, i, all) => fn !== all[i - 1]);
    const where = chain.length > 0 ? `, in ${chain.join(' < ')}` : `, in ${this.#fn}`;
    throw new SourceStop(`${at}not in the boundary: ${what}${where}`);
  }
}
