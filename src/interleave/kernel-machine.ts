import type { Config } from '../kernel/config.ts';
import type { KernelOperation } from '../kernel/operation.ts';
import type { State } from '../kernel/state.ts';
import type { Access, Performed, Semantics } from '../schedule/program/semantics.ts';
import { type DataStep, isData, perform } from '../steps/perform.ts';
import type { Step } from '../steps/step.ts';
import { type About, aboutStep } from './about.ts';
import { copyPart, copyState, type Part } from './copy.ts';
import { encodePart } from './encode.ts';
import { touches } from './touches.ts';
import { wildAccess } from './wild.ts';

/** A kernel's state. Copies share each part until one of them changes it. */
export class KernelWorld {
  #state: State;
  /** Whether the state object, and which of its parts, belong to this copy alone. */
  #own = false;
  readonly #ownParts = new Set<Part>();
  /** The texts of parts that have not changed since their text was last asked for. */
  readonly #texts: Map<Part, string>;

  constructor(state: State, texts: ReadonlyMap<Part, string> = new Map()) {
    this.#state = state;
    this.#texts = new Map(texts);
  }

  /** The state, for reading only. */
  get state(): State {
    return this.#state;
  }

  copy(): KernelWorld {
    this.#own = false;
    this.#ownParts.clear();
    return new KernelWorld(this.#state, this.#texts);
  }

  /** The state, for changes to these parts and no others. */
  writable(parts: readonly Part[]): State {
    const state: State = this.#own ? this.#state : { ...this.#state };
    for (const part of parts) {
      this.#texts.delete(part);
      if (this.#ownParts.has(part)) continue;
      (state as Record<Part, unknown>)[part] = copyPart(part, state[part]);
      this.#ownParts.add(part);
    }
    this.#own = true;
    this.#state = state;
    return state;
  }

  get text(): string {
    const texts: string[] = [];
    for (const part of Object.keys(this.#state) as Part[]) {
      const known = this.#texts.get(part) ?? encodePart(part, this.#state[part]);
      this.#texts.set(part, known);
      texts.push(known);
    }
    return texts.join('\n');
  }
}

/** The parts that a step changes. */
const changed = (step: DataStep): readonly Part[] =>
  step.op === 'call'
    ? (step.operation as KernelOperation).changes
    : step.op === 'read'
      ? []
      : [step.obj as Part];

/**
 * The kernel's state as the explorer's world: each thread runs on the CPU of its number. RCU callbacks run in a softirq;
 * where no CPU is left, in one of CPU 0.
 */
export class KernelMachine implements Semantics<KernelWorld> {
  readonly #c: Config;
  readonly #initial: State;

  constructor(c: Config, initial: State) {
    this.#c = c;
    // grace periods that are open before the threads begin are over
    this.#initial = { ...copyState(initial), rcu_callbacks: [] };
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

  /** 0 if the step waits, and what it waits for has not happened. */
  outcomes(world: KernelWorld, _thread: number, step: Step): number {
    if (step.op !== 'call') return 1;
    const { ready } = step.operation as KernelOperation;
    return !ready || ready(world.state, ...step.args) ? 1 : 0;
  }

  footprint(step: Step): readonly Access[] {
    return touches(step);
  }

  perform(world: KernelWorld, thread: number, step: Step): Performed {
    if (!isData(step)) throw new Error(`no kernel code takes a step ${step.op}`);
    const fault =
      step.op === 'call'
        ? (step.operation as KernelOperation).fault?.(world.state, ...step.args)
        : wildAccess(world.state, step);
    if (fault) return { value: undefined, fault };
    const parts = changed(step);
    const unknown = parts.find((part) => !(part in world.state));
    if (unknown) throw new Error(`a step changes ${unknown}, which is not part of the state`);
    const state = parts.length > 0 ? world.writable(parts) : world.state;
    // the executing CPU does not decide the future: every step sets it
    if (state.mmu) state.mmu.cpu = thread % state.mmu.cpus;
    return { value: perform(state, step) };
  }

  about({ state }: KernelWorld, step: Step): About | undefined {
    return aboutStep(state, this.#c, step);
  }
}
