import { encodeMmu } from '../../hardware/encode.ts';
import { access } from '../../hardware/memory/access.ts';
import { writeEntries } from '../../hardware/memory/write.ts';
import { copyMmu, type Mmu, readEntry } from '../../hardware/mmu.ts';
import { invalidate, invalidateEverywhere, type X86Invalidation } from '../../hardware/tlb/x86.ts';
import type { Semantics } from '../../schedule/program/semantics.ts';
import { initialMmu, outcomeText } from '../test-machine.ts';
import { type CompiledTest, type LitmusOp, wordOf, wordText } from '../test-program.ts';

/** A store that has not reached memory yet. */
interface Buffered {
  readonly pa: number;
  readonly value: string;
  readonly word: boolean;
}

interface Core {
  /** The next instruction. */
  next: number;
  /** By instruction: its result once it has been executed; '' if it has none. */
  done: (string | undefined)[];
  /** The oldest first. */
  buffer: Buffered[];
  interrupts: boolean;
}

export interface X86World {
  readonly mmu: Mmu;
  readonly memory: Map<number, string>;
  readonly cores: Core[];
}

/** What a CPU does next: its oldest store reaches memory, or the next instruction is executed. */
type Action = 'drain' | { readonly to: number | string | undefined };

const isAccess = ({ op }: LitmusOp): boolean => op === 'load' || op === 'store';
/** Serializing instructions, and MFENCE, wait until all stores before them are in memory. */
const waits = ({ op }: LitmusOp): boolean => !isAccess({ op } as LitmusOp) && op !== 'cli' && op !== 'sti';

/**
 * A litmus test for x86-64 as a machine for the explorer: total store order. Every CPU executes in program order; its stores
 * reach memory later, in order, and its own loads see them at once (SDM 3A, 9.2). A walk reads memory, at any level
 * from what the CPU may hold. An interrupt is taken when interrupts are on, and is serializing; so the sender of one waits
 * for a CPU that has them off.
 */
export class X86Machine implements Semantics<X86World> {
  readonly #test: CompiledTest;

  constructor(test: CompiledTest) {
    this.#test = test;
  }

  initial(): X86World {
    const { threads, memory } = this.#test;
    const cores = threads.map((code) => ({
      next: 0,
      done: code.map(() => undefined),
      buffer: [],
      interrupts: true,
    }));
    return { mmu: initialMmu(this.#test), memory: new Map(memory), cores };
  }

  copy({ mmu, memory, cores }: X86World): X86World {
    return {
      mmu: copyMmu(mmu),
      memory: new Map(memory),
      cores: cores.map((c) => ({ ...c, done: [...c.done], buffer: [...c.buffer] })),
    };
  }

  encode({ mmu, memory, cores }: X86World): string {
    const cells = [...memory].sort(([a], [b]) => a - b).map(([pa, value]) => `${pa}=${value}`);
    return JSON.stringify([encodeMmu(mmu), cells, cores]);
  }

  outcomes(world: X86World, thread: number): number {
    return this.#actions(world, thread).length;
  }

  perform(
    world: X86World,
    thread: number,
    _step: unknown,
    outcome: number,
  ): { value: undefined; again: boolean } {
    const action = this.#actions(world, thread)[outcome]!;
    world.mmu.cpu = thread;
    if (action === 'drain') drain(world, thread);
    else this.#execute(world, thread, action.to);
    const core = world.cores[thread]!;
    return { value: undefined, again: core.next < core.done.length || core.buffer.length > 0 };
  }

  footprint(): readonly { name: string; write: boolean }[] {
    return [{ name: 'machine', write: true }];
  }

  #actions(world: X86World, thread: number): Action[] {
    const core = world.cores[thread]!;
    const op = this.#test.threads[thread]![core.next];
    const found: Action[] = core.buffer.length > 0 ? ['drain'] : [];
    if (op === undefined || (waits(op) && core.buffer.length > 0)) return found;
    if (op.broadcast && world.cores.some((other) => other !== core && !other.interrupts)) return found;
    if (!isAccess(op) || op.at?.kind !== 'va') {
      found.push({ to: op.at?.kind === 'word' ? op.at.pa : undefined });
      return found;
    }
    world.mmu.cpu = thread;
    const ways = new Set(access(world.mmu, op.at.va, op.op === 'store').map(outcomeText));
    for (const to of ways) found.push({ to });
    return found;
  }

  #execute(world: X86World, thread: number, to: number | string | undefined): void {
    const { mmu, memory, cores } = world;
    const core = cores[thread]!;
    const i = core.next++;
    const op = this.#test.threads[thread]![i]!;
    core.done[i] = typeof to === 'string' ? to : '';
    if (typeof to === 'string') {
      if (this.#test.test.after_fault === 'next') return;
      core.next = core.done.length;
      core.interrupts = true;
      return;
    }
    const word = op.at?.kind === 'word';
    if (op.op === 'load') {
      const own = core.buffer.findLast(({ pa }) => pa === to);
      core.done[i] = own?.value ?? (word ? wordText(readEntry(mmu, to!)) : (memory.get(to!) ?? '0'));
    } else if (op.op === 'store')
      core.buffer.push({ pa: to!, value: op.value ?? core.done[op.data!]!, word });
    else if (op.op === 'cli' || op.op === 'sti') core.interrupts = op.op === 'sti';
    else {
      const what = invalidation(op);
      if (what === undefined) return;
      if (!op.broadcast) invalidate(mmu, what);
      else {
        for (const [other, { buffer }] of cores.entries()) while (buffer.length > 0) drain(world, other);
        mmu.cpu = thread;
        invalidateEverywhere(mmu, what);
      }
    }
  }
}

function invalidation({ op, at }: LitmusOp): X86Invalidation | undefined {
  if (op === 'invlpg') return { by: 'invlpg', va: at!.kind === 'va' ? at!.va : 0 };
  if (op === 'cr3') return { by: 'cr3' };
  return op === 'pge' || op === 'flush' ? { by: 'pge' } : undefined;
}

function drain({ mmu, memory, cores }: X86World, thread: number): void {
  const { pa, value, word } = cores[thread]!.buffer.shift()!;
  mmu.cpu = thread;
  if (word) writeEntries(mmu, pa, 1, wordOf(value), 0);
  else memory.set(pa, value);
}
