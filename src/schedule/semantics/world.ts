import type { Step } from '../../steps/step.ts';
import { PairMap } from '../data/pairmap.ts';
import type { Program } from '../program/program.ts';
import type { Semantics } from '../program/semantics.ts';
import { OP } from './ops.ts';
import { type CompiledData, System } from './system.ts';

/** One outcome of a step in a world, cached: the world after, the result, the fault, whether it repeats. */
interface Effect {
  readonly world: number;
  readonly result: number;
  readonly fault: number;
  readonly again: boolean;
}

/**
 * Shared data as the world of a program's own machine. A state holds the number of its world. Worlds are distinguished
 * by their texts, and every step is performed only once per world.
 */
export class WorldSystem extends System {
  readonly #machine: Semantics<unknown>;
  readonly #worlds: unknown[] = [];
  readonly #byText = new Map<string, number>();
  readonly #counts = new PairMap();
  readonly #effects = new Map<number, Effect[]>();
  /** The total length of the texts of all worlds. */
  #letters = 0;
  readonly #slot: number;
  readonly #first: number;
  /** The step that first made each world, in order; repeating them makes the same worlds. */
  readonly journal: (readonly [world: number, thread: number, node: number, outcome: number])[] = [];

  constructor(program: Program, forget = true) {
    super(program, forget);
    if (program.machine === undefined) throw new Error(`${program.name} has no machine`);
    this.#machine = program.machine;
    this.#slot = this.slots.id('world', 'world');
    // World number 0 is unused: a state holds 0 for "not yet known".
    this.#worlds.push(undefined);
    this.#first = this.#worldId(this.#machine.initial());
  }

  /** An estimate of the bytes held: the text of each world, and the world itself, which takes several times as much. */
  override get bytes(): number {
    return super.bytes + this.#letters * 5 + this.#effects.size * 200 + this.#counts.bytes;
  }

  protected initialData(v: Int32Array): void {
    v[this.#slot] = this.#first;
  }

  protected compileData(step: Step, _thread: number): CompiledData {
    const names = this.#machine
      .footprint(step)
      .map((x) => this.slots.id('name', x.name) * 2 + (x.write ? 1 : 0));
    // A view shows the world as a whole. Once anyone reads it, every write to any part of the world counts as a write
    // to the world's own slot.
    const writes = names.some((x) => x & 1);
    return { op: OP.BRANCHING, accesses: writes && this.looked ? [...names, this.#slot * 2 + 1] : names };
  }

  /** Whether monitors read the world in every state. */
  looked = false;

  protected branches(v: Int32Array, t: number, node: number): number {
    const world = v[this.#slot]!;
    const known = this.#counts.get(world, node);
    if (known >= 0) return known;
    const n = this.#machine.outcomes(this.#worlds[world], t, this.nodes.step[node]!);
    this.#counts.set(world, node, n);
    return n;
  }

  protected harmless(): boolean {
    return false;
  }

  protected performData(v: Int32Array, t: number, node: number, outcome: number): void {
    const world = v[this.#slot]!;
    const key = world * 2 ** 26 + node;
    const known = this.#effects.get(key) ?? [];
    if (known.length === 0) this.#effects.set(key, known);
    const effect = known[outcome] ?? this.#effect(world, t, node, outcome);
    known[outcome] = effect;
    v[this.#slot] = effect.world;
    this.result = effect.result;
    this.fault = effect.fault;
    this.again = effect.again;
  }

  #effect(world: number, t: number, node: number, outcome: number): Effect {
    const copy = this.#machine.copy(this.#worlds[world]);
    const done = this.#machine.perform(copy, t, this.nodes.step[node]!, outcome);
    const before = this.#worlds.length;
    const id = this.#worldId(copy);
    if (id === before) this.journal.push([world, t, node, outcome]);
    return {
      world: id,
      result: this.values.id(done.value),
      fault: done.fault === undefined ? -1 : this.faultId(done.fault),
      again: done.again ?? false,
    };
  }

  #worldId(world: unknown): number {
    const text = this.#machine.encode(world);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    this.#letters += text.length;
    this.#byText.set(text, this.#worlds.length);
    return this.#worlds.push(world) - 1;
  }

  /** Repeats the worlds that another system of the same program had made. */
  redoWorlds(journal: WorldSystem['journal']): void {
    for (const [world, t, node, outcome] of journal) this.#effect(world, t, node, outcome);
  }

  /** The world of a state. */
  worldOf(v: Int32Array): unknown {
    return this.#worlds[v[this.#slot]!];
  }

  /** The number of distinct worlds so far. */
  get worldCount(): number {
    return this.#worlds.length - 1;
  }
}
