import type { Steps } from '../../steps/step.ts';
import { forget, read, write } from '../program/notation.ts';
import type { Program, ThreadCode } from '../program/program.ts';
import type { FrameCode } from '../program/thread.ts';

interface Frame {
  readonly round: number;
  /** The value read from x, or -1 before the read. */
  readonly seen: number;
}

const frame = (rounds: number): FrameCode<Frame> => ({
  start: () => ({ round: 0, seen: -1 }),
  step: ({ round, seen }) => (round === rounds ? undefined : seen < 0 ? read('x') : write('x', seen + 1)),
  take: ({ round, seen }, result) =>
    seen < 0 ? { round, seen: result as number } : { round: round + 1, seen: -1 },
});

function* generator(rounds: number): Steps<void> {
  for (let round = 0; round < rounds; round++) {
    yield forget('round', round);
    const seen = (yield read('x')) as number;
    yield write('x', seen + 1);
  }
}

/** Threads that each add 1 to x without protection, `rounds` times, in two steps. */
export function racers(threads: number, rounds: number, kind: 'frames' | 'generators' = 'frames'): Program {
  const code = (i: number): ThreadCode =>
    kind === 'frames'
      ? { name: `t${i}`, frame: frame(rounds) }
      : { name: `t${i}`, run: () => generator(rounds) };
  return {
    name: `racers(${threads}, ${rounds})`,
    tables: { x: { 0: { v: 0 } } },
    threads: Array.from({ length: threads }, (_, i) => code(i)),
  };
}
