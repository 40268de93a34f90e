import { encodeMmu } from '../hardware/encode.ts';
import { type AccessOutcome, access } from '../hardware/memory/access.ts';
import { writeEntries } from '../hardware/memory/write.ts';
import { copyMmu, type Defect, type Mmu, newMmu, readEntry } from '../hardware/mmu.ts';
import { dsb, isb, publish } from '../hardware/tlb/barriers.ts';
import { tlbi } from '../hardware/tlb/tlbi.ts';
import type { Semantics } from '../schedule/program/semantics.ts';
import { ROOT, shapeOf } from './layout.ts';
import { type Core, finished, forwarding, isAccess, isFault, mayPerform, mayTranslate } from './order.ts';
import { type CompiledTest, type LitmusOp, samePage, type Wanted, wordOf, wordText } from './test-program.ts';

/** The state of a litmus test: the MMU, memory by physical address, and the progress of each CPU. */
export interface LitmusWorld {
  readonly mmu: Mmu;
  readonly memory: Map<number, string>;
  readonly cores: Core[];
}

/** The initial contents of the tables were written long ago: no record of their writing is kept. */
export function initialMmu({ test, threads, words }: CompiledTest): Mmu {
  const t = shapeOf(test);
  const setup = newMmu({ t, root: ROOT, cpus: threads.length });
  for (const [pa, value] of words) setup.words.fill(pa, 1, wordOf(value), 0);
  const mmu = newMmu({ t, root: ROOT, cpus: threads.length });
  for (const run of setup.words.canonical()) {
    writeEntries(mmu, run.pa, run.n, { addr: run.addr, attr: run.attr }, run.stride);
  }
  publish(mmu);
  return mmu;
}

/** One thing a CPU may do. */
type Action =
  | { readonly i: number; readonly to: number | string }
  | { readonly i: number; readonly to: undefined };

export const outcomeText = (o: AccessOutcome): number | string =>
  'fault' in o ? `!${o.fault} ${o.level}` : o.pa;

/**
 * A litmus test as a machine for the explorer. Every thread is one step that repeats until all its instructions are
 * done; the actions possible now are the step's outcomes. A store takes effect on memory that walkers and all CPUs
 * share (multi-copy atomicity), so that a descriptor's write is visible from then on. order.ts defines the order of
 * effects.
 */
export class LitmusMachine implements Semantics<LitmusWorld> {
  readonly #test: CompiledTest;
  readonly #defect: Defect | undefined;

  constructor(test: CompiledTest, defect?: Defect) {
    this.#test = test;
    this.#defect = defect;
  }

  initial(): LitmusWorld {
    const { threads, memory } = this.#test;
    const mmu = initialMmu(this.#test);
    const cores = threads.map((code) => ({
      translated: code.map((op) => (op.at?.kind === 'word' && isAccess(op) ? op.at.pa : undefined)),
      done: code.map(() => undefined),
      stopped: undefined,
    }));
    return { mmu, memory: new Map(memory), cores };
  }

  copy({ mmu, memory, cores }: LitmusWorld): LitmusWorld {
    return {
      mmu: copyMmu(mmu),
      memory: new Map(memory),
      cores: cores.map((c) => ({ translated: [...c.translated], done: [...c.done], stopped: c.stopped })),
    };
  }

  encode({ mmu, memory, cores }: LitmusWorld): string {
    const cells = [...memory].sort(([a], [b]) => a - b).map(([pa, value]) => `${pa}=${value}`);
    return JSON.stringify([encodeMmu(mmu), cells, cores.map((c) => [c.translated, c.done, c.stopped])]);
  }

  outcomes(world: LitmusWorld, thread: number): number {
    return this.#actions(world, thread).length;
  }

  perform(
    world: LitmusWorld,
    thread: number,
    _step: unknown,
    outcome: number,
  ): { value: undefined; again: boolean } {
    const { i, to } = this.#actions(world, thread)[outcome]!;
    const core = world.cores[thread]!;
    world.mmu.cpu = thread;
    if (to !== undefined) core.translated[i] = to;
    else this.#takeEffect(world, thread, i);
    return { value: undefined, again: !finished(core) };
  }

  footprint(): readonly { name: string; write: boolean }[] {
    return [{ name: 'machine', write: true }];
  }

  #actions(world: LitmusWorld, thread: number): Action[] {
    const code = this.#test.threads[thread]!;
    const core = world.cores[thread]!;
    const found: Action[] = [];
    code.forEach((op, i) => {
      if (mayPerform(code, core, i)) found.push({ i, to: undefined });
      if (!isAccess(op) || op.at?.kind !== 'va' || !mayTranslate(code, core, i)) return;
      world.mmu.cpu = thread;
      const ways = new Set(access(world.mmu, op.at.va, op.op === 'store').map(outcomeText));
      for (const to of ways) found.push({ i, to });
    });
    // a branch or a DMB has no effect of its own, so nothing is lost by performing it first
    const quiet = found.find(({ i }) => code[i]!.op === 'branch' || code[i]!.op === 'dmb');
    return quiet === undefined ? found : [quiet];
  }

  #takeEffect(world: LitmusWorld, thread: number, i: number): void {
    const { mmu, cores } = world;
    const op = this.#test.threads[thread]![i]!;
    const core = cores[thread]!;
    const t = core.translated[i];
    if (isFault(t)) {
      this.#fault(world, core, i, t);
      return;
    }
    core.done[i] = '';
    if (op.op === 'load') core.done[i] = this.#load(world, thread, i, t!);
    else if (op.op === 'store') this.#store(world, core, op, t!);
    else if (op.op === 'isb') isb(mmu);
    else if (op.op === 'tlbi') {
      const { last_level, broadcast, at } = op;
      if (at?.kind === 'va') tlbi(mmu, { by: 'va', va: at.va, last_level, broadcast });
      else tlbi(mmu, { by: 'all', last_level, broadcast });
    } else if (op.op === 'dsb') {
      const scope = op.shared ? 'ish' : 'nsh';
      if (!op.stores) dsb(mmu, 'ld');
      else dsb(mmu, op.loads ? scope : `${scope}st`);
      if (op.stores && op.loads) this.#complete(world, thread, i);
    }
  }

  /** Takes the exception: a context synchronization event, and no later instruction has happened. */
  #fault({ mmu }: LitmusWorld, core: Core, i: number, fault: string): void {
    core.done[i] = fault;
    isb(mmu);
    if (this.#test.test.after_fault === 'stop') core.stopped = i;
    const code = this.#test.threads[mmu.cpu]!;
    for (let k = i + 1; k < code.length; k++) {
      core.done[k] = undefined;
      if (code[k]!.at?.kind === 'va') core.translated[k] = undefined;
    }
  }

  #load({ mmu, memory, cores }: LitmusWorld, thread: number, i: number, pa: number): string {
    const code = this.#test.threads[thread]!;
    const core = cores[thread]!;
    const from = forwarding(code, core, i);
    if (from !== undefined) return valueIn(code[from]!, core);
    return code[i]!.at!.kind === 'word' ? wordText(readEntry(mmu, pa)) : (memory.get(pa) ?? '0');
  }

  #store({ mmu, memory }: LitmusWorld, core: Core, op: LitmusOp, pa: number): void {
    const value = valueIn(op, core);
    if (op.at!.kind === 'va') {
      memory.set(pa, value);
      return;
    }
    writeEntries(mmu, pa, 1, wordOf(value), 0);
    publish(mmu);
    mmu.violations.length = 0;
  }

  /**
   * TLBI-ob: when a broadcast TLBI is complete, accesses of other CPUs that were translated before are complete as
   * well. An access that is translated and has not taken effect is translated again. With the defect stores are not
   * complete until another TLBI and DSB have followed.
   */
  #complete({ cores }: LitmusWorld, thread: number, i: number): void {
    const code = this.#test.threads[thread]!;
    const full = (op: LitmusOp): boolean => op.op === 'dsb' && op.stores && op.loads;
    const since = code.slice(0, i).findLastIndex(full) + 1;
    const flushed = (from: number, upto: number): LitmusOp[] =>
      code.slice(from, upto).filter((op) => op.op === 'tlbi' && op.broadcast);
    const now = flushed(since, i);
    const before = now.length > 0 ? flushed(0, since) : [];
    cores.forEach((core, other) => {
      if (other === thread) return;
      this.#test.threads[other]!.forEach((op, k) => {
        if (!isAccess(op) || op.at!.kind !== 'va' || core.done[k] !== undefined) return;
        const late = this.#defect !== undefined && op.op === 'store' && !isFault(core.translated[k]);
        const by = late ? before : now;
        if (by.some((it) => it.at === undefined || samePage(it.at, op.at!))) core.translated[k] = undefined;
      });
    });
  }
}

interface Results {
  readonly cores: readonly { readonly done: readonly (string | undefined)[] }[];
}

const valueIn = (op: LitmusOp, core: Core): string => op.value ?? core.done[op.data!]!;

/** Whether the final state that a test asks about holds. */
export function hasComeAbout(
  world: Pick<LitmusWorld, 'memory'> & Results,
  wanted: readonly Wanted[],
): boolean {
  return wanted.every(({ of, is, not }) => {
    const found = 'pa' in of ? (world.memory.get(of.pa) ?? '0') : world.cores[of.thread]!.done[of.index];
    if (found === undefined) return false;
    const same = is.startsWith('!') ? found.startsWith(is) : found === is;
    return same !== not;
  });
}
