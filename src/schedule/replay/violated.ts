import type { Violation } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import { replay } from './replay.ts';
import type { Choice, Stats, Violated } from './verdict.ts';

interface Found {
  readonly violation: Violation;
  readonly trace: readonly Choice[];
}

/** The verdict on a failing execution. */
export function violated(
  { violation, trace }: Found,
  preemptions: number,
  shortest: boolean,
  stats: Stats,
): Violated {
  return { verdict: 'violated', violation, trace, preemptions, steps: trace.length, shortest, stats };
}

/** How often an execution switches away from a thread that could continue. */
export function preemptionsOf(program: Program, trace: readonly Choice[]): number {
  return replay(program, trace, []).events.filter((e) => e.preempts).length;
}
