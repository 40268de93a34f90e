import { format } from 'node:util';

/** Receives what a design prints. */
export type Print = (text: string) => void;

/** Whose code it is. */
export type Whose = 'a design' | 'a program';

const outside = (whose: Whose): string => `${whose} has no files, network, timers, processes or workers`;
const changing = (whose: Whose): string =>
  whose === 'a design'
    ? 'what a design does depends on the state of the kernel alone'
    : 'what a program does depends on what its steps return alone';

/** What Node or JavaScript has and such code has not, and why. */
const MISSING: readonly (readonly [why: typeof outside, names: readonly string[]])[] = [
  [changing, ['Date', 'performance', 'crypto', 'Crypto', 'WeakRef', 'FinalizationRegistry']],
  [outside, ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'navigator', 'BroadcastChannel']],
  [outside, ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Worker', 'MessageChannel']],
  [outside, ['Atomics', 'SharedArrayBuffer', 'WebAssembly', 'Buffer', 'AbortSignal', 'EventTarget']],
];

/** Stands for something that a design cannot use: any use throws. */
function missing(name: string, why: string): unknown {
  const refuse = (): never => {
    throw new Error(`there is no ${name}: ${why}`);
  };
  return new Proxy(() => {}, { get: refuse, set: refuse, apply: refuse, construct: refuse });
}

/** Members of an object, and a refusal of all others. */
const onlyThese = (name: string, members: Readonly<Record<string, unknown>>, why: string): unknown =>
  new Proxy(Object.freeze(members), {
    get(target, key) {
      if (typeof key === 'symbol' || Object.hasOwn(target, key)) return target[key as string];
      throw new Error(`there is no ${name}.${key}: ${why}`);
    },
  });

/** Math without random(). */
function deterministicMath(whose: Whose): unknown {
  const members = Object.getOwnPropertyDescriptors(Math) as Record<string, PropertyDescriptor>;
  delete members.random;
  return onlyThese('Math', Object.defineProperties({}, members), changing(whose));
}

function consoleOf(print: Print, whose: Whose): unknown {
  const line = (...args: unknown[]): void => print(`${format(...args)}\n`);
  const names = ['log', 'info', 'debug', 'warn', 'error', 'trace', 'dir'];
  return onlyThese('console', Object.fromEntries(names.map((name) => [name, line])), outside(whose));
}

function processOf(print: Print, whose: Whose): unknown {
  const write = (text: unknown): true => {
    print(String(text));
    return true;
  };
  const stream = Object.freeze({ write });
  const members = { stdout: stream, stderr: stream, env: Object.freeze({}), argv: Object.freeze([]) };
  return onlyThese('process', members, outside(whose));
}

/** What the code of strangers finds under global names; everything else is JavaScript's own. */
export function surroundings(print: Print, whose: Whose = 'a design'): Readonly<Record<string, unknown>> {
  const own: Record<string, unknown> = {
    console: consoleOf(print, whose),
    process: processOf(print, whose),
    Math: deterministicMath(whose),
  };
  own.global = onlyThese('globalThis', { ...own }, outside(whose));
  own.globalThis = own.global;
  for (const [why, names] of MISSING) for (const name of names) own[name] ??= missing(name, why(whose));
  return own;
}
