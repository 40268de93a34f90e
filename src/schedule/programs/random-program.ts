import type { LockKind, Step, Steps, Value } from '../../steps/step.ts';
import type { Prng } from '../data/prng.ts';
import {
  alloc,
  callRcu,
  cas,
  choose,
  exchange,
  fetchAdd,
  free,
  join,
  lock,
  rcuReadLock,
  rcuReadUnlock,
  read,
  start,
  synchronizeRcu,
  trylock,
  unlock,
  variable,
  waitUntil,
  waitWhile,
  write,
} from '../program/notation.ts';
import type { Program, ThreadCode } from '../program/program.ts';

/** One instruction of a random thread: its step may use the last value read. */
type Instruction = (last: Value) => Step;

const LOCKS: readonly (readonly [string, LockKind])[] = [
  ['m', 'mutex'],
  ['s', 'spinlock'],
  ['rw', 'rwsem'],
  ['pc', 'percpu_rwsem'],
];

/** A small program of random steps that includes all primitives. Most steps are not meaningful, and many fail. */
export function randomProgram(random: Prng): Program {
  const count = 2 + random.below(2);
  const threads: ThreadCode[] = [];
  for (let t = 0; t < count; t++) {
    const length = 2 + random.below(count === 2 ? 5 : 3);
    threads.push({ name: `t${t}`, run: body(instructions(random, length)), joinable: t === 1 });
  }
  threads.push({ name: 'helper', dormant: true, run: body(instructions(random, 1 + random.below(2))) });
  return {
    name: 'random',
    tables: { x: { 0: { v: 0 }, 1: { v: 0 } }, o: { 0: { v: 5 } } },
    threads,
  };
}

function body(code: readonly (Instruction | readonly Instruction[])[]): () => Steps<Value> {
  return function* () {
    let last: Value = 0;
    for (const item of code) {
      for (const instruction of Array.isArray(item) ? (item as Instruction[]) : [item as Instruction]) {
        const step = instruction(last);
        const result = yield step;
        if (step.op === 'read' || step.op === 'atomic' || step.op === 'choose' || step.op === 'alloc')
          last = result;
        if (step.op === 'lock' && step.try && result === false) break;
      }
    }
    return last;
  };
}

function instructions(random: Prng, length: number): (Instruction | readonly Instruction[])[] {
  const code: (Instruction | readonly Instruction[])[] = [];
  let steps = 0;
  while (steps < length) {
    const item = length - steps >= 3 && random.below(3) > 0 ? section(random) : simple(random);
    code.push(item);
    steps += Array.isArray(item) ? item.length : 1;
  }
  return code;
}

/** A step under a lock, or in an RCU read section. */
function section(random: Prng): Instruction[] {
  const inner = simple(random);
  if (random.below(4) === 0) return [() => rcuReadLock(), inner, () => rcuReadUnlock()];
  const [name, kind] = random.pick(LOCKS);
  const mode = random.below(2) === 0 ? 'read' : 'write';
  const take = random.below(4) === 0 ? trylock(name, kind, mode) : lock(name, kind, mode);
  return [() => take, inner, () => unlock(name, kind, mode)];
}

function simple(random: Prng): Instruction {
  const place = variable('x', random.below(2));
  const object = variable('o', random.below(2));
  const small = random.below(3);
  const [name, kind] = random.pick(LOCKS);
  switch (random.below(22)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return () => read(place);
    case 4:
    case 5:
      return () => write(place, small);
    case 6:
    case 7:
      return (last) => write(place, typeof last === 'number' ? last + 1 : 1);
    case 8:
      return () => fetchAdd(place, 1);
    case 9:
      return () => cas(place, small, small + 1);
    case 10:
      return () => exchange(place, small);
    case 11:
      return () => read(object);
    case 12:
      return () => write(object, small);
    case 13:
      return () => ({ ...alloc('o', object[1], { v: small }), mayFail: small === 0 });
    case 14:
      return () => free('o', object[1]);
    case 15:
      return () => choose(2);
    case 16:
      return () => (small === 0 ? waitUntil(place, 1) : waitWhile(place, 0));
    case 17:
      return () => start('helper');
    case 18:
      return () => callRcu('helper');
    case 19:
      return () => synchronizeRcu();
    case 20:
      return () => lock(name, kind, small === 0 ? 'write' : 'read');
    default:
      return () => (small === 0 ? join('t1') : unlock(name, kind, 'write'));
  }
}
