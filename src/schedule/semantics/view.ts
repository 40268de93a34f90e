import type { Value } from '../../steps/step.ts';
import type { Fault } from '../program/semantics.ts';
import { OP } from './ops.ts';
import type { System } from './system.ts';
import { TableSystem } from './table-system.ts';
import { WorldSystem } from './world.ts';

/** The position of a thread in a state. */
export interface ThreadView {
  readonly name: string;
  readonly status: 'running' | 'blocked' | 'ended' | 'crashed' | 'dormant';
  /** It may wait forever: being blocked is no failure. */
  readonly daemon: boolean;
  /** What it returned, once ended. */
  readonly returned: Value;
  /** The fault that ended it, if it crashed. */
  readonly fault: Fault | undefined;
}

/** A state of a program, for reading. */
export interface View {
  /** A field of a shared object; a plain variable is field `v` of key 0. */
  value(obj: string, key?: number, field?: string): Value;
  /** Whether the object exists. */
  exists(obj: string, key: number): boolean;
  /** All objects that exist, as `table#key`. */
  objects(): readonly string[];
  /** The world of the program's own machine. */
  world<W>(): W;
  readonly threads: readonly ThreadView[];
  /** Locks that are held or awaited: name, holders, and who waits. */
  locks(): readonly LockView[];
}

export interface LockView {
  readonly name: string;
  readonly holders: readonly string[];
  /** Threads whose next step asks for the lock. */
  readonly wanted: readonly string[];
}

/** A view of a state. With `watched`, the reduction takes note of everything the view reads. */
export function viewOf(system: System, v: Int32Array, watched = false): View {
  return new StateView(system, v, watched);
}

class StateView implements View {
  readonly #system: System;
  readonly #v: Int32Array;
  readonly #watched: boolean;

  constructor(system: System, v: Int32Array, watched: boolean) {
    this.#system = system;
    this.#v = v;
    this.#watched = watched;
  }

  value(obj: string, key = 0, field = 'v'): Value {
    const slot = this.#look('field', `${obj}#${key}.${field}`);
    return slot === -1 ? undefined : this.#system.values.value(this.#v[slot]!);
  }

  exists(obj: string, key: number): boolean {
    const slot = this.#look('life', `${obj}#${key}`);
    return slot !== -1 && this.#v[slot] === 1;
  }

  objects(): readonly string[] {
    if (!(this.#system instanceof TableSystem)) return [];
    if (this.#watched) {
      this.#system.slots.all.forEach((slot, i) => {
        if (slot.kind === 'life') this.#system.sharing.watch(i);
      });
    }
    return this.#system.liveObjects(this.#v);
  }

  world<W>(): W {
    if (!(this.#system instanceof WorldSystem)) throw new Error('the program has no machine of its own');
    if (this.#watched) this.#look('world', 'world');
    return this.#system.worldOf(this.#v) as W;
  }

  get threads(): readonly ThreadView[] {
    const system = this.#system;
    const v = this.#v;
    return system.program.threads.map((code, t) => {
      const node = v[t]!;
      const op = system.nodes.op[node]!;
      if (this.#watched) system.sharing.watch(t);
      const status =
        op === OP.END
          ? 'ended'
          : op === OP.CRASHED
            ? 'crashed'
            : op === OP.DORMANT
              ? 'dormant'
              : system.outcomes(v, t, node) > 0
                ? 'running'
                : 'blocked';
      const returned = op === OP.END ? system.values.value(system.nodes.a[node]!) : undefined;
      const fault = op === OP.CRASHED ? system.faults[system.nodes.a[node]!] : undefined;
      return { name: code.name, status, daemon: code.daemon === true, returned, fault };
    });
  }

  locks(): readonly LockView[] {
    const system = this.#system;
    const v = this.#v;
    const { nodes } = system;
    const name = (t: number) => system.program.threads[t]!.name;
    return system.lockSlots
      .map((slot) => {
        if (this.#watched) system.sharing.watch(slot);
        const wanted = system.program.threads.flatMap((code, t) => {
          const node = v[t]!;
          const op = nodes.op[node]!;
          const asks = op === OP.LOCK || op === OP.SYNC || op === OP.GRACE;
          return asks && nodes.a[node] === slot ? [code.name] : [];
        });
        return {
          name: system.slots.all[slot]!.name,
          holders: system.locks.holders(v[slot]!).map(name),
          wanted,
        };
      })
      .filter((l) => l.holders.length > 0 || l.wanted.length > 0);
  }

  #look(kind: 'field' | 'life' | 'world', name: string): number {
    const slot = this.#system.slots.find(kind, name);
    if (slot !== -1 && this.#watched) this.#system.sharing.watch(slot);
    return slot;
  }
}
