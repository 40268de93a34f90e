import type { AllocStep, AtomicStep, CallStep, Step, WaitStep } from '../../steps/step.ts';
import type { Program } from '../program/program.ts';
import type { Fault } from '../program/semantics.ts';
import { OP } from './ops.ts';
import { type CompiledData, System } from './system.ts';

/** The life of an object. Only a freed object can be used after free. */
const LIFE = { ABSENT: 0, LIVE: 1, FREED: 2 } as const;

/** The operations on the table that a `call` step names; the step has access to nothing else. */
export interface TableAccess {
  get(key: number, field: string): unknown;
  set(key: number, field: string, value: unknown): void;
}

/** A field that steps name: its slot, that of its object's life, and the accesses of reading and writing it. */
interface Place {
  readonly field: number;
  readonly life: number;
  readonly reading: readonly number[];
  readonly writing: readonly number[];
}

interface Data {
  readonly step: Step;
  readonly life: number;
  /** The slot of the field, or the slots of all fields of an allocation. */
  readonly field: number;
  /** The number of the value that is written, added, awaited or allocated. */
  readonly value: number;
  readonly expect: number;
  readonly fields: readonly (readonly [slot: number, value: number])[];
}

/**
 * The default machine: shared data as tables of objects with fields, one slot per field and one per object for its
 * life.
 */
export class TableSystem extends System {
  readonly #data: Data[] = [];
  /** By life slot: the slots of the object's fields. */
  readonly #fieldsOf: number[][] = [];
  readonly #places = new Map<string, Place>();

  constructor(program: Program, forget = true) {
    super(program, forget);
    for (const [obj, table] of Object.entries(program.tables ?? {})) {
      for (const [key, object] of Object.entries(table)) {
        this.#life(obj, Number(key));
        for (const field of Object.keys(object)) this.#field(obj, Number(key), field);
      }
    }
  }

  /** The slot that says whether an object exists. */
  #life(obj: string, key: number): number {
    const slot = this.slots.id('life', `${obj}#${key}`);
    this.#fieldsOf[slot] ??= [];
    return slot;
  }

  #field(obj: string, key: number, field: string): number {
    const slot = this.slots.id('field', `${obj}#${key}.${field}`);
    const fields = this.#fieldsOf[this.#life(obj, key)]!;
    if (!fields.includes(slot)) fields.push(slot);
    return slot;
  }

  /** A thread reaches the same field at many nodes; the accesses are made once. */
  #place(obj: string, key: number, field: string): Place {
    const name = `${obj}#${key}.${field}`;
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const slot = this.#field(obj, key, field);
    const life = this.#life(obj, key);
    const place = {
      field: slot,
      life,
      reading: [slot * 2, life * 2, ...this.#tableAccess(obj, false)],
      writing: [slot * 2 + 1, life * 2, ...this.#tableAccess(obj, true)],
    };
    this.#places.set(name, place);
    return place;
  }

  protected initialData(v: Int32Array): void {
    for (const [obj, table] of Object.entries(this.program.tables ?? {})) {
      for (const [key, object] of Object.entries(table)) {
        v[this.#life(obj, Number(key))] = LIFE.LIVE;
        for (const [field, value] of Object.entries(object)) {
          v[this.#field(obj, Number(key), field)] = this.values.id(value);
        }
      }
    }
  }

  protected compileData(step: Step, _thread: number): CompiledData {
    switch (step.op) {
      case 'read': {
        const { field, life, reading } = this.#place(step.obj, step.key, step.field);
        return { op: OP.READ, a: field, b: life, accesses: reading };
      }
      case 'write': {
        const { field, life, writing } = this.#place(step.obj, step.key, step.field);
        return { op: OP.WRITE, a: field, b: life, c: this.values.id(step.value), accesses: writing };
      }
      case 'atomic':
      case 'wait':
        return this.#compileField(step);
      case 'alloc': {
        const life = this.#life(step.obj, step.key);
        const fields = Object.entries((step.value ?? {}) as Record<string, unknown>);
        const slots = fields.map(
          ([name, value]) => [this.#field(step.obj, step.key, name), this.values.id(value)] as const,
        );
        const mayFail = step.mayFail ?? this.program.failures ?? false;
        return {
          op: mayFail ? OP.BRANCHING : OP.DATA,
          a: this.#keep({ step, life, field: -1, value: 0, expect: 0, fields: slots }),
          accesses: [life * 2 + 1, ...this.#tableAccess(step.obj, true)],
        };
      }
      case 'free': {
        const life = this.#life(step.obj, step.key);
        const a = this.#keep({ step, life, field: -1, value: 0, expect: 0, fields: [] });
        return { op: OP.DATA, a, accesses: [life * 2 + 1, ...this.#tableAccess(step.obj, true)] };
      }
      case 'call': {
        const { obj, writes } = step.operation;
        if (!this.program.wholes?.includes(obj)) throw new Error(`call on ${obj}, which is not in wholes`);
        const a = this.#keep({ step, life: -1, field: -1, value: 0, expect: 0, fields: [] });
        return { op: OP.DATA, a, accesses: this.#tableAccess(obj, writes) };
      }
      default:
        throw new Error(`${this.program.name}: step ${step.op} has no meaning here`);
    }
  }

  #compileField(step: AtomicStep | WaitStep): CompiledData {
    const { field, life, reading, writing } = this.#place(step.obj, step.key, step.field);
    const value = this.values.id(step.value);
    const expect = step.op === 'atomic' && step.kind === 'cas' ? this.values.id(step.expect) : 0;
    const writes = step.op === 'atomic';
    return {
      op: writes ? OP.DATA : OP.BRANCHING,
      a: this.#keep({ step, life, field, value, expect, fields: [] }),
      accesses: writes ? writing : reading,
    };
  }

  /** Every step on an object also touches the object's table if `call` steps act on that table. */
  #tableAccess(obj: string, writes: boolean): number[] {
    if (!this.program.wholes?.includes(obj)) return [];
    return [this.slots.id('table', obj) * 2 + (writes ? 1 : 0)];
  }

  #keep(data: Data): number {
    return this.#data.push(data) - 1;
  }

  protected branches(v: Int32Array, t: number, node: number): number {
    const { step, life, field, value } = this.#data[this.nodes.a[node]!]!;
    if (step.op !== 'wait') return 2;
    if (v[life] !== LIFE.LIVE || this.isAtomic(v, t)) return 1;
    return (v[field] === value) === (step.until === 'eq') ? 1 : 0;
  }

  protected harmless(v: Int32Array, node: number): boolean {
    const { field, expect, life } = this.#data[this.nodes.a[node]!]!;
    return v[life] !== LIFE.LIVE || v[field] !== expect;
  }

  protected performData(v: Int32Array, t: number, node: number, outcome: number): void {
    const { op, a, b, c } = this.nodes;
    const o = op[node]!;
    if (o === OP.READ) {
      if (v[b[node]!] === LIFE.LIVE) this.result = v[a[node]!]!;
      else this.#lost(v, b[node]!);
    } else if (o === OP.WRITE) {
      if (v[b[node]!] === LIFE.LIVE) v[a[node]!] = c[node]!;
      else this.#lost(v, b[node]!);
    } else this.#performOther(v, t, this.#data[a[node]!]!, outcome);
  }

  #performOther(v: Int32Array, t: number, data: Data, outcome: number): void {
    const { step, life, field } = data;
    if (step.op === 'alloc') this.#allocate(v, data, outcome);
    else if (step.op === 'call') this.#call(v, step);
    else if (v[life] !== LIFE.LIVE) this.#lost(v, life, step.op === 'free');
    else if (step.op === 'free') {
      v[life] = LIFE.FREED;
      for (const slot of this.#fieldsOf[life]!) v[slot] = 0;
    } else if (step.op === 'wait') {
      if (this.isAtomic(v, t)) this.misuse('wait in an atomic section', `${step.obj}#${step.key}`);
      else this.result = v[field]!;
    } else if (step.op === 'atomic') {
      this.result = v[field]!;
      if (step.kind === 'add') {
        v[field] = this.values.id((this.values.value(v[field]!) as number) + (step.value as number));
      } else if (step.kind === 'xchg' || v[field] === data.expect) v[field] = data.value;
    }
  }

  #allocate(v: Int32Array, { step, life, fields }: Data, outcome: number): void {
    this.result = this.values.id(outcome === 0);
    if (outcome !== 0) return;
    if (v[life] === LIFE.LIVE) {
      const { obj, key } = step as AllocStep;
      const object = `${obj}#${key}`;
      this.fault = this.faultId({
        kind: 'misuse',
        subjects: { what: 'allocated twice', object },
        text: `${object} is allocated twice`,
      });
      return;
    }
    v[life] = LIFE.LIVE;
    for (const slot of this.#fieldsOf[life]!) v[slot] = 0;
    for (const [slot, value] of fields) v[slot] = value;
  }

  #call(v: Int32Array, { operation, args }: CallStep): void {
    const { obj, writes } = operation;
    const table: TableAccess = {
      get: (key, field) => this.values.value(v[this.#field(obj, key, field)]!),
      set: (key, field, value) => {
        if (!writes) throw new Error(`a call that only reads ${obj} writes it`);
        const slot = this.#field(obj, key, field);
        if (slot >= v.length) throw new RangeError(`${obj}#${key}.${field} is not declared`);
        v[this.#life(obj, key)] = LIFE.LIVE;
        v[slot] = this.values.id(value);
      },
    };
    this.result = this.values.id(operation.run(table, ...args));
  }

  #lost(v: Int32Array, life: number, freeing = false): void {
    const object = this.slots.all[life]!.name;
    const fault: Fault =
      v[life] === LIFE.ABSENT
        ? { kind: 'wild-access', subjects: { object, state: 'not there' }, text: `${object} does not exist` }
        : freeing
          ? { kind: 'double-free', subjects: { object }, text: `${object} is freed twice` }
          : {
              kind: 'use-after-free',
              subjects: { object, state: 'free' },
              text: `${object} is used after it was freed`,
            };
    this.fault = this.faultId(fault);
  }

  /** Objects that exist, by name. */
  liveObjects(v: Int32Array): string[] {
    return this.#fieldsOf
      .flatMap((_, slot) => (v[slot] === LIFE.LIVE ? [this.slots.all[slot]!.name] : []))
      .sort();
  }
}
