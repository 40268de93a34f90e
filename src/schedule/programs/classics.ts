import type { Steps, Value } from '../../steps/step.ts';
import { cas, fetchAdd, read, variable, write } from '../program/notation.ts';
import type { Program, Table, ThreadCode } from '../program/program.ts';

/** Programs for which the literature on stateless model checking counts executions, by their usual names. */

const cell = (value: Value = 0): Table => ({ 0: { v: value } });
const cells = (n: number): Table => Object.fromEntries(Array.from({ length: n }, (_, i) => [i, { v: 0 }]));
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const threads = (n: number, run: (i: number) => () => Steps<Value>, name = 't'): ThreadCode[] =>
  range(n).map((i) => ({ name: `${name}${i}`, run: run(i) }));

/** One writer of x, n readers of x: 2^n. */
export function readers(n: number): Program {
  const reader = () =>
    function* (): Steps<void> {
      yield read('x');
    };
  function* writer(): Steps<void> {
    yield write('x', 1);
  }
  return {
    name: `readers(${n})`,
    tables: { x: cell() },
    threads: [{ name: 'writer', run: writer }, ...threads(n, reader, 'reader')],
  };
}

/** n threads that each set a[i] to a[i-1] + 1, and one that searches for the last zero from the end. */
export function lastzero(n: number): Program {
  function* finder(): Steps<number> {
    for (let i = n; ; i--) if ((yield read(variable('a', i))) === 0) return i;
  }
  const setter = (i: number) =>
    function* (): Steps<void> {
      const before = (yield read(variable('a', i))) as number;
      yield write(variable('a', i + 1), before + 1);
    };
  return {
    name: `lastzero(${n})`,
    tables: { a: cells(n + 1) },
    threads: [{ name: 'finder', run: finder }, ...threads(n, setter)],
  };
}

/** n threads; the i-th changes x from i to i + 1. */
export function casrot(n: number): Program {
  const mover = (i: number) =>
    function* (): Steps<void> {
      yield cas('x', i, i + 1);
    };
  return { name: `casrot(${n})`, tables: { x: cell() }, threads: threads(n, mover) };
}

/** n threads that write x twice. */
export function writersTwice(n: number): Program {
  const writer = (i: number) =>
    function* (): Steps<void> {
      yield write('x', 2 * i);
      yield write('x', 2 * i + 1);
    };
  return { name: `writers_twice(${n})`, tables: { x: cell() }, threads: threads(n, writer) };
}

/** n threads that increment x in one step. */
export function increments(n: number): Program {
  const adder = () =>
    function* (): Steps<void> {
      yield fetchAdd('x', 1);
    };
  return { name: `increments(${n})`, tables: { x: cell() }, threads: threads(n, adder) };
}

/** n threads that write x, and one that reads it. */
export function floatingRead(n: number): Program {
  const writer = (i: number) =>
    function* (): Steps<void> {
      yield write('x', i + 1);
    };
  function* reader(): Steps<void> {
    yield read('x');
  }
  return {
    name: `floating_read(${n})`,
    tables: { x: cell() },
    threads: [...threads(n, writer), { name: 'reader', run: reader }],
  };
}

/** Two threads that write x n times each, and one that reads it twice. */
export function redundantCo(n: number): Program {
  const writer = (i: number) =>
    function* (): Steps<void> {
      for (const k of range(n)) yield write('x', 2 * k + i + 1);
    };
  function* reader(): Steps<void> {
    yield read('x');
    yield read('x');
  }
  return {
    name: `redundant_co(${n})`,
    tables: { x: cell() },
    threads: [...threads(2, writer), { name: 'reader', run: reader }],
  };
}

/**
 * n threads that write y and then read x, and one that writes x only if it has read that no y was written and that z
 * was. The literature gives counts under this name but no listing; this program has those counts.
 */
export function controlFlow(n: number): Program {
  const worker = (i: number) =>
    function* (): Steps<void> {
      yield write('y', i + 1);
      yield read('x');
    };
  function* control(): Steps<void> {
    const y = yield read('y');
    const z = yield read('z');
    if (y === 0 && z === 1) yield write('x', 1);
  }
  function* trigger(): Steps<void> {
    yield write('z', 1);
  }
  return {
    name: `control_flow(${n})`,
    tables: { x: cell(), y: cell(), z: cell() },
    threads: [
      ...threads(n, worker, 'worker'),
      { name: 'control', run: control },
      { name: 'trigger', run: trigger },
    ],
  };
}

/** Two threads that add each other's variable to their own n times, and one that reads both meanwhile. */
export function fibBench(n: number): Program {
  const adder = (own: string, other: string) =>
    function* (): Steps<void> {
      for (let k = 0; k < n; k++) {
        const a = (yield read(own)) as number;
        const b = (yield read(other)) as number;
        yield write(own, a + b);
      }
    };
  function* checker(): Steps<void> {
    yield read('i');
    yield read('j');
  }
  return {
    name: `fib_bench(${n})`,
    tables: { i: cell(1), j: cell(1) },
    threads: [
      { name: 'p', run: adder('i', 'j') },
      { name: 'q', run: adder('j', 'i') },
      { name: 'main', run: checker },
    ],
  };
}

/** Store buffering. */
export function sb(): Program {
  const side = (own: string, other: string) =>
    function* (): Steps<Value> {
      yield write(own, 1);
      return yield read(other);
    };
  return {
    name: 'SB',
    tables: { x: cell(), y: cell() },
    threads: [
      { name: 'p', run: side('x', 'y') },
      { name: 'q', run: side('y', 'x') },
    ],
  };
}

/** Message passing. */
export function mp(): Program {
  function* sender(): Steps<void> {
    yield write('data', 1);
    yield write('flag', 1);
  }
  function* receiver(): Steps<Value> {
    const flag = yield read('flag');
    return [flag, yield read('data')];
  }
  return {
    name: 'MP',
    tables: { data: cell(), flag: cell() },
    threads: [
      { name: 'sender', run: sender },
      { name: 'receiver', run: receiver },
    ],
  };
}
