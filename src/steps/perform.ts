import type { AllocStep, AtomicStep, CallStep, FreeStep, ReadStep, Step, Value, WriteStep } from './step.ts';

/** A step on data: what it does depends on the data alone. */
export type DataStep = ReadStep | WriteStep | CallStep | AllocStep | FreeStep | AtomicStep;

/** Tables of plain objects, by name and key. */
type Tables = Readonly<Record<string, Map<number, Record<string, Value>>>>;

/** The object a step names, or undefined if it does not exist. */
export const objectOf = (
  world: object,
  { obj, key }: { readonly obj: string; readonly key: number },
): Record<string, Value> | undefined => (world as Tables)[obj]?.get(key);

/**
 * Performs a step on data and returns its result. `world` holds the tables by name, and everything else that operations
 * act on. An object that is read, written or changed must exist.
 */
export function perform(world: object, step: DataStep): Value {
  switch (step.op) {
    case 'read':
      return objectOf(world, step)![step.field];
    case 'write':
      objectOf(world, step)![step.field] = step.value;
      return undefined;
    case 'call':
      return step.operation.run(world, ...step.args);
    case 'alloc':
      (world as Tables)[step.obj]!.set(step.key, { ...(step.value as Record<string, Value>) });
      return true;
    case 'free':
      (world as Tables)[step.obj]!.delete(step.key);
      return undefined;
    case 'atomic': {
      const object = objectOf(world, step)!;
      const before = object[step.field];
      if (step.kind === 'add') object[step.field] = (before as number) + (step.value as number);
      else if (step.kind === 'xchg' || before === step.expect) object[step.field] = step.value;
      return before;
    }
  }
}

export function isData(step: Step): step is DataStep {
  const { op } = step;
  return (
    op === 'read' || op === 'write' || op === 'call' || op === 'alloc' || op === 'free' || op === 'atomic'
  );
}

/** Whether the step may change data. */
export const writes = (step: DataStep): boolean =>
  step.op === 'call' ? step.operation.writes : step.op !== 'read';
