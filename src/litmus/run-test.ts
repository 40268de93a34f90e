import type { Defect } from '../hardware/mmu.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { Program } from '../schedule/program/program.ts';
import { explore } from '../schedule/search/exploration.ts';
import type { Failure } from '../steps/failure.ts';
import type { Operation } from '../steps/operation.ts';
import type { Step } from '../steps/step.ts';
import type { LitmusTest } from './test.ts';
import { hasComeAbout, LitmusMachine, type LitmusWorld } from './test-machine.ts';
import { compile } from './test-program.ts';
import { X86Machine } from './x86/machine.ts';

/** The result of a test. */
export interface LitmusResult {
  readonly test: LitmusTest;
  /** Undecided: there are more than {@link MOST_STATES} states. */
  readonly verdict: 'allowed' | 'forbidden' | 'undecided';
  readonly as_expected: boolean;
  /**
   * Distinct states seen: all states if the final state is forbidden; those up to the first such state if it is
   * allowed.
   */
  readonly states: number;
}

const MOST_STATES = 2_000_000;

const go: Operation = Object.freeze({ name: 'go', obj: 'machine', writes: true, run: () => undefined });
const GO: Step = { op: 'call', operation: go, args: [] };

function* cpu() {
  yield GO;
}

/** The test as a program of the explorer. */
function programOf(test: LitmusTest, defect?: Defect): Program {
  return {
    name: test.name,
    threads: test.threads.map((_, i) => ({ name: `P${i}`, run: cpu })),
    machine:
      test.arch === 'x86_64' ? new X86Machine(compile(test)) : new LitmusMachine(compile(test), defect),
  };
}

/** A final state that satisfies the condition stops the search. It is not a failure, but the answer. */
const HAS_COME_ABOUT: Failure = {
  kind: 'invariant',
  subjects: { invariant: 'finally' },
  text: 'has come about',
};

/** Decides by exploring every execution whether the test's final state is possible. */
export function runLitmus(test: LitmusTest, defect?: Defect): LitmusResult {
  const { wanted } = compile(test);
  const atLast: Monitor = {
    name: 'finally',
    end: (view) => (hasComeAbout(view.world<LitmusWorld>(), wanted) ? HAS_COME_ABOUT : undefined),
    stuck: () => ({ kind: 'deadlock', subjects: {}, text: 'no CPU can go on' }),
  };
  const found = explore(programOf(test, defect))
    .only(atLast)
    .bound({ maxStates: MOST_STATES })
    .states()
    .verdict();
  if (found.verdict === 'violated' && found.violation.kind !== HAS_COME_ABOUT.kind) {
    throw new Error(`${test.name}: ${found.violation.text}`);
  }
  const verdict = ({ violated: 'allowed', proved: 'forbidden', undecided: 'undecided' } as const)[
    found.verdict
  ];
  return { test, verdict, as_expected: verdict === test.expected, states: found.stats.states };
}
