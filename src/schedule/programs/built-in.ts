import { UserError } from '../../errors/user-error.ts';
import type { Steps } from '../../steps/step.ts';
import { atEnd } from '../monitors/index.ts';
import { lock, unlock } from '../program/notation.ts';
import { MAX_THREADS, type Program } from '../program/program.ts';
import { type Exploration, explore } from '../search/exploration.ts';
import * as classics from './classics.ts';
import { hotrm } from './hotrm.ts';
import { racers } from './racers.ts';

/** The text names no program, or has arguments that the program does not take. */
export class UnknownProgram extends UserError {
  override readonly name = 'UnknownProgram';
}

/** An argument: a whole number from `least` to `most`. */
interface Parameter {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

interface BuiltIn {
  readonly name: string;
  readonly about: string;
  readonly parameters: readonly Parameter[];
  readonly make: (...args: readonly number[]) => Exploration;
}

const n = (least: number, most: number, name = 'n'): Parameter => ({ name, least, most });

/** A program with only the standard monitors. */
const plain = (
  name: string,
  parameters: readonly Parameter[],
  make: (a: number) => Program,
  about: string,
): BuiltIn => ({
  name,
  about,
  parameters,
  make: (a = 0) => explore(make(a)),
});

/** Fork i lies between philosophers i - 1 and i. Each philosopher first takes the fork with their own number. */
function philosophers(count: number): Program {
  const dine = (first: string, second: string) =>
    function* (): Steps<void> {
      yield lock(first);
      yield lock(second);
      yield unlock(second);
      yield unlock(first);
    };
  const threads = Array.from({ length: count }, (_, i) => ({
    name: `p${i}`,
    run: dine(`fork${i}`, `fork${(i + 1) % count}`),
  }));
  return { name: `philosophers(${count})`, threads };
}

/** No increment is lost: x ends as the sum of all increments. */
function watchedRacers(threads: number, rounds: number): Exploration {
  const total = threads * rounds;
  const kept = atEnd(`x == ${total}`, (end) => end.value('x') === total);
  return explore(racers(threads, rounds)).monitors(kept);
}

/** Values of fib_bench are exact integers up to this count. */
const FIB = 38;

const BUILT_IN: readonly BuiltIn[] = [
  plain('hotrm', [n(1, 1024)], hotrm, 'a remover frees a table of n leaf entries a walker is inside of'),
  {
    name: 'racers',
    about: 'threads that add 1 to x in two steps, rounds times each, without protection',
    parameters: [n(1, MAX_THREADS, 'threads'), n(1, 1000, 'rounds')],
    make: (threads = 1, rounds = 1) => watchedRacers(threads, rounds),
  },
  plain('philosophers', [n(2, MAX_THREADS)], philosophers, 'n dining philosophers, left fork first'),
  plain('SB', [], classics.sb, 'store buffering'),
  plain('MP', [], classics.mp, 'message passing'),
  plain('readers', [n(1, MAX_THREADS - 1)], classics.readers, 'a writer of x and n readers of it'),
  plain(
    'lastzero',
    [n(1, MAX_THREADS - 1)],
    classics.lastzero,
    'n setters of a[i] and a finder of the last 0',
  ),
  plain('casrot', [n(1, MAX_THREADS)], classics.casrot, 'n threads, the i-th moving x from i to i + 1'),
  plain('writers_twice', [n(1, MAX_THREADS)], classics.writersTwice, 'n threads that write x twice'),
  plain('increments', [n(1, MAX_THREADS)], classics.increments, 'n threads that increment x in one step'),
  plain('floating_read', [n(1, MAX_THREADS - 1)], classics.floatingRead, 'n writers of x and a reader of it'),
  plain('redundant_co', [n(1, 1000)], classics.redundantCo, 'two writers of x, n times each, and a reader'),
  plain('control_flow', [n(1, MAX_THREADS - 2)], classics.controlFlow, 'n workers, a control and a trigger'),
  plain('fib_bench', [n(1, FIB)], classics.fibBench, 'two threads that add to each other, n rounds each'),
];

/**
 * Finds the built-in program with a name as in tokens, such as `hotrm(4)` or `racers(3, 5)`; case does not matter.
 * Throws {@link UnknownProgram}.
 */
export function findProgram(text: string): Exploration {
  if (/^[^()]*\([^()]*$/.test(text)) throw new UnknownProgram('unclosed parenthesis');
  const match = /^\s*(\w+)\s*(?:\(([^()]*)\))?\s*$/.exec(text);
  const name = match?.[1]?.toLowerCase();
  const found = BUILT_IN.find((b) => b.name.toLowerCase() === name);
  if (match === null || found === undefined) throw new UnknownProgram('no such program');
  const words = (match[2] ?? '').split(',').map((word) => word.trim());
  const given = words.length === 1 && words[0] === '' ? [] : words;
  if (given.length !== found.parameters.length) throw new UnknownProgram(`it is written ${signature(found)}`);
  const args = found.parameters.map(({ name, least, most }, i) => {
    const value = /^\d{1,9}$/.test(given[i]!) ? Number(given[i]) : -1;
    if (value < least || value > most) {
      throw new UnknownProgram(`${name} is a whole number from ${least} to ${most}`);
    }
    return value;
  });
  return found.make(...args);
}

function signature({ name, parameters }: BuiltIn): string {
  return parameters.length === 0 ? name : `${name}(${parameters.map((p) => p.name).join(', ')})`;
}

/** All built-in programs, one line each: how to write it, what it does, what its arguments may be. */
export function programList(): string {
  const width = Math.max(...BUILT_IN.map((b) => signature(b).length));
  return BUILT_IN.map((b) => {
    const ranges = b.parameters.map((p) => `${p.name} ${p.least} to ${p.most}`);
    return `${[`${signature(b).padEnd(width)}  ${b.about}`, ...ranges].join('; ')}\n`;
  }).join('');
}
