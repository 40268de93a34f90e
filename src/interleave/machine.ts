import { entry_steps } from '../kernel/arch/arm64/pgtable.ts';
import type { Config } from '../kernel/config.ts';
import { NO_PAGE, PageReserved, page_use, USE } from '../kernel/mm/page.ts';
import type { State } from '../kernel/state.ts';
import type { Access, Fault, Machine, Performed } from '../schedule/machine.ts';
import { call, type Step } from '../steps/step.ts';
import { copy_state } from './copy.ts';
import { encode_state } from './encode.ts';
import { entry_access, touches } from './touches.ts';

/** A kernel's state, shared by copies until one of them writes. */
export class KernelWorld {
  #state: State;
  #own: boolean;
  #text: string | undefined;

  constructor(state: State, own = false, text?: string) {
    this.#state = state;
    this.#own = own;
    this.#text = text;
  }

  /** To look at. */
  get state(): State {
    return this.#state;
  }

  copy(): KernelWorld {
    this.#own = false;
    return new KernelWorld(this.#state, false, this.#text);
  }

  /** To write to. */
  writable(): State {
    if (!this.#own) this.#state = copy_state(this.#state);
    this.#own = true;
    this.#text = undefined;
    return this.#state;
  }

  get text(): string {
    this.#text ??= encode_state(this.#state);
    return this.#text;
  }
}

type Table = Map<number, Record<string, unknown>>;
const table = (state: State, name: string): Table => (state as unknown as Record<string, Table>)[name]!;

/**
 * The kernel's state as the explorer's world: each thread runs on the CPU of its number. A page table access through a pointer
 * that has outlived its table is a fault, although the processor would not mind.
 */
export class KernelMachine implements Machine<KernelWorld> {
  readonly #c: Config;
  readonly #initial: State;

  constructor(c: Config, initial: State) {
    this.#c = c;
    this.#initial = copy_state(initial);
  }

  initial(): KernelWorld {
    return new KernelWorld(this.#initial);
  }

  copy(world: KernelWorld): KernelWorld {
    return world.copy();
  }

  encode(world: KernelWorld): string {
    return world.text;
  }

  outcomes(): number {
    return 1;
  }

  footprint(step: Step): readonly Access[] {
    return touches(step);
  }

  perform(world: KernelWorld, thread: number, step: Step): Performed {
    const fault = this.#stale_pointer(world.state, step);
    if (fault) return { value: undefined, fault };
    const writes = step.op === 'call' ? step.writes : step.op !== 'read';
    const state = writes ? world.writable() : world.state;
    // no part of what decides the future: every step sets it
    if (state.mmu) state.mmu.cpu = thread;
    switch (step.op) {
      case 'call':
        return { value: call(step, state) };
      case 'read':
        return { value: table(state, step.obj).get(step.key)![step.field] };
      case 'write':
        table(state, step.obj).get(step.key)![step.field] = step.value;
        return { value: undefined };
      case 'alloc':
        table(state, step.obj).set(step.key, { ...(step.value as Record<string, unknown>) });
        return { value: true };
      case 'free':
        table(state, step.obj).delete(step.key);
        return { value: undefined };
      default:
        throw new Error(`no kernel code takes a step ${step.op}`);
    }
  }

  /** An access to a page table entry where there is no page table. */
  #stale_pointer(state: State, step: Step): Fault | undefined {
    const entry = entry_access(step);
    if (!entry) return undefined;
    const pa = entry_steps.resolve(state, entry.p);
    const pfn = Math.floor(pa / this.#c.PAGE_SIZE);
    const page = state.pages.get(pfn);
    // tables of boot time are memblock's, the root the image's
    if (page !== NO_PAGE && (PageReserved(page) || page_use(page) === USE.TABLE)) return undefined;
    const object = `pfn 0x${pfn.toString(16)}`;
    const what = `${entry.write ? 'write' : 'read'} of a page table entry in ${object}`;
    if (page === NO_PAGE) return { kind: 'wild-access', text: `${what}, which is no memory`, object };
    const now = page_use(page) === USE.FREE ? 'free' : 'no page table any more';
    return { kind: 'use-after-free', text: `${what}, which is ${now}`, object };
  }
}
