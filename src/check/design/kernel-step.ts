import { quote } from '../../errors/input-error.ts';
import type { KernelOperation } from '../../kernel/operation.ts';
import { empty_state } from '../../kernel/state.ts';

/** Checks on steps of kernel code that hold in any state. A design's steps are checked before they are performed. */

const state = empty_state();
const tables = new Set(
  Object.entries(state)
    .filter(([, part]) => part instanceof Map)
    .map(([name]) => name),
);

type Field = readonly [name: string, is: (value: unknown) => boolean, what: string];

const oneOf = (...values: readonly unknown[]): Pick<Field, 1 | 2> => ({
  1: (value) => values.includes(value),
  2: `one of ${values.join(', ')}`,
});
const field = (name: string, { 1: is, 2: what }: Pick<Field, 1 | 2>): Field => [name, is, what];

const text = (name: string): Field => [name, (value) => typeof value === 'string', 'a text'];
const flag = (name: string): Field => [name, (value) => typeof value === 'boolean', 'true or false'];
const value: Field = ['value', (given) => isData(given), 'plain data'];
/** Whether it is the kernel object that functions pass on to their steps. */
const isKernel = (given: unknown): boolean =>
  typeof given === 'object' && given !== null && 'errno' in given && 'release' in given && 'c' in given;
const args: Field = [
  'args',
  (given) => Array.isArray(given) && given.every((one) => isKernel(one) || isData(one)),
  'plain data',
];
const table: Field = ['obj', (name) => tables.has(name as string), 'a table of the kernel'];
const key: Field = ['key', Number.isSafeInteger, 'a number'];

const LOCK = [
  text('lock'),
  field('kind', oneOf('spinlock', 'mutex', 'rwsem', 'percpu_rwsem', 'rcu')),
  field('mode', oneOf('read', 'write')),
];

const SHAPES: Readonly<Record<string, readonly Field[]>> = {
  read: [table, key, text('field')],
  write: [table, key, text('field'), value],
  atomic: [table, key, text('field'), field('kind', oneOf('add', 'xchg', 'cas')), value],
  alloc: [table, key, value],
  free: [table, key],
  call: [['operation', isOperation, 'an operation'], args],
  lock: [...LOCK, flag('try')],
  unlock: LOCK,
  printk: [['level', (level) => [0, 1, 2, 3, 4, 5, 6, 7].includes(level as number), 'a level'], text('text')],
  warn: [text('where'), text('text')],
  bug: [text('where'), text('text')],
  signal: [text('where')],
  synchronize_rcu: [field('rcu', oneOf('rcu'))],
  enter: [text('at')],
  forget: [text('at')],
  leave: [],
};

/** The kinds of steps that kernel code may take. */
export const KERNEL_STEPS: readonly string[] = Object.keys(SHAPES);

/** Whether it has the shape of a result of `operation()`. */
function isOperation(given: unknown): given is KernelOperation {
  if (typeof given !== 'object' || given === null) return false;
  const { name, obj, writes, changes, run } = given as Partial<Readonly<Record<string, unknown>>>;
  return (
    typeof name === 'string' &&
    typeof obj === 'string' &&
    typeof writes === 'boolean' &&
    Array.isArray(changes) &&
    typeof run === 'function'
  );
}

/** The deepest nesting of a value; a deeper one may have no end. */
const DEEPEST = 32;

function isData(given: unknown, depth = 0): boolean {
  if (['function', 'symbol', 'bigint'].includes(typeof given)) return false;
  if (typeof given !== 'object' || given === null) return true;
  return depth < DEEPEST && Object.values(given).every((one) => isData(one, depth + 1));
}

const shown = (given: unknown): string =>
  typeof given === 'string'
    ? quote(given)
    : typeof given === 'function'
      ? 'a function'
      : typeof given === 'object' && given !== null
        ? 'an object'
        : String(given).slice(0, 60);

/** What is wrong with a step; null if nothing is. */
export function wrongStep(step: unknown): string | null {
  try {
    return fault(step);
  } catch {
    return 'an object that throws when it is looked at, which is not a step';
  }
}

/** The place that an operation accesses, if it is not one. */
function wrongPlace({ entries, tables }: KernelOperation, args: readonly unknown[]): string | null {
  const entry = entries?.(...args);
  const table = tables?.(...args);
  const place = entry ? entry.p : typeof table === 'object' ? table.pa : 0;
  return Number.isSafeInteger(place) ? null : `at ${shown(place)}, which is not an address`;
}

function fault(step: unknown): string | null {
  if (typeof step !== 'object' || step === null) return `${shown(step)}, which is not a step`;
  const { op } = step as { readonly op?: unknown };
  if (typeof op !== 'string' || !Object.hasOwn(SHAPES, op))
    return `${op === undefined ? 'an object' : `op ${shown(op)}`}, which is not a step of kernel code`;
  const fields = step as Readonly<Record<string, unknown>>;
  for (const [name, is, what] of SHAPES[op]!)
    if (!is(fields[name])) return `${op} with ${name} ${shown(fields[name])}, which is not ${what}`;
  if (op === 'call') {
    const operation = fields.operation as KernelOperation;
    const part = operation.changes.find((one) => !(one in state));
    if (part !== undefined) return `call that changes ${shown(part)}, which is not part of the state`;
    const place = wrongPlace(operation, fields.args as readonly unknown[]);
    if (place !== null) return `${operation.name} ${place}`;
  }
  return null;
}
