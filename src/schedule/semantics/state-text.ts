import type { PlacedStep } from '../../steps/within.ts';
import { canon } from '../data/canon.ts';
import type { System } from './system.ts';
import { viewOf } from './view.ts';

/** A step as plain data: a function becomes its name, and the calls in which the step is taken are left out. */
function plain({ by, ...step }: PlacedStep): unknown {
  if (step.op !== 'call') return step;
  const { name, obj, writes } = step.operation;
  return { op: step.op, obj, writes, fn: name, args: step.args };
}

/** A state as a text that does not depend on earlier exploration: the positions of threads, and shared data. */
export function stateText(system: System, v: Int32Array): string {
  const view = viewOf(system, v);
  const threads = view.threads.map((t, i) => {
    const step = system.nodes.step[v[i]!];
    return [
      t.name,
      t.status,
      t.returned ?? null,
      t.fault === undefined ? null : [t.fault.kind, t.fault.text],
      t.status === 'blocked' && step !== undefined ? plain(step) : null,
    ];
  });
  const data: Record<string, unknown> = {};
  system.slots.all.forEach((slot, i) => {
    const value = v[i] ?? 0;
    if (slot.kind === 'thread' || slot.kind === 'name' || slot.kind === 'table' || value === 0) return;
    const key = `${slot.kind} ${slot.name}`;
    if (slot.kind === 'field') data[key] = system.values.value(value);
    else if (slot.kind === 'lock' || slot.kind === 'rcu') data[key] = system.locks.data(value);
    else if (slot.kind === 'world') data[key] = system.program.machine!.encode(view.world());
    else data[key] = value;
  });
  return canon([threads, data]);
}
