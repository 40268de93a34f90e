import type { Step, Steps, Value } from '../../steps/step.ts';
import type { Place } from '../program/notation.ts';
import { forget, free, read, write } from '../program/notation.ts';
import type { Program, ThreadCode } from '../program/program.ts';
import type { FrameCode } from '../program/thread.ts';

const ENTRY: Place = ['upper', 0, 'entry'];
const leaf = (i: number): Place => ['table', 0, `e${i}`];

function* remover(n: number): Steps<void> {
  for (let i = 0; i < n; i++) {
    yield forget('clear', i);
    yield write(leaf(i), 0);
  }
  yield write(ENTRY, 0);
  yield free('table', 0);
}

function* walker(n: number): Steps<void> {
  if ((yield read(ENTRY)) === 0) return;
  for (let i = 0; i < n; i++) {
    yield forget('walk', i);
    yield read(leaf(i));
  }
}

const removerFrame = (n: number): FrameCode<number> => ({
  start: () => 0,
  step: (pc): Step | undefined =>
    pc < n ? write(leaf(pc), 0) : pc === n ? write(ENTRY, 0) : pc === n + 1 ? free('table', 0) : undefined,
  take: (pc) => pc + 1,
});

const walkerFrame = (n: number): FrameCode<number> => ({
  start: () => -1,
  step: (pc): Step | undefined => (pc === -1 ? read(ENTRY) : pc < n ? read(leaf(pc)) : undefined),
  take: (pc, result: Value) => (pc === -1 && result === 0 ? n : pc + 1),
});

/**
 * A remover clears n leaf entries, then the entry that points to their table, then frees the table. A walker reads that
 * entry and then every leaf. The walker holds no lock while it is inside the table.
 */
export function hotrm(n: number, kind: 'generators' | 'frames' = 'generators'): Program {
  const leaves = Object.fromEntries(Array.from({ length: n }, (_, i) => [`e${i}`, 1]));
  const threads: ThreadCode[] =
    kind === 'frames'
      ? [
          { name: 'remover', frame: removerFrame(n) },
          { name: 'walker', frame: walkerFrame(n) },
        ]
      : [
          { name: 'remover', run: () => remover(n) },
          { name: 'walker', run: () => walker(n) },
        ];
  return { name: `hotrm(${n})`, tables: { upper: { 0: { entry: 1 } }, table: { 0: leaves } }, threads };
}
