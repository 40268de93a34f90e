import type { Part } from '../../interleave/copy.ts';
import { encodePart } from '../../interleave/encode.ts';
import type { KernelOperation } from '../../kernel/operation.ts';
import type { State } from '../../kernel/state.ts';
import type { CallStep } from '../../steps/step.ts';
import { DesignFault } from './design-fault.ts';

const textsOf = (state: State, but: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    (Object.keys(state) as Part[])
      .filter((part) => !but.includes(part))
      .map((part) => [part, encodePart(part, state[part])]),
  );

/** The step with an operation that fails if it changes a part of the state which it does not declare. */
export function watchOperation(fn: string, step: CallStep): CallStep {
  const operation = step.operation as KernelOperation;
  const declared = operation.writes ? operation.changes : [];
  const run = (state: State, ...args: readonly unknown[]): unknown => {
    const before = textsOf(state, declared);
    const result = operation.run(state, ...args);
    const after = textsOf(state, declared);
    const part = [...before.keys()].find((name) => before.get(name) !== after.get(name));
    if (part === undefined) return result;
    const what = operation.writes ? `changes only ${declared.join(', ')}` : 'changes nothing';
    throw new DesignFault(fn, `changes ${part} in ${operation.name}(), which says that it ${what}`);
  };
  return { ...step, operation: { ...operation, run } };
}
