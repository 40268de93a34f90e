import { standardMonitors } from '../monitors/index.ts';
import type { Monitor } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import { replay, type Story } from './replay.ts';
import type { Verdict } from './verdict.ts';

/** The execution behind a violation, step by step. Throws for verdicts that have none. */
export function tell(
  program: Program,
  verdict: Verdict,
  monitors: readonly Monitor[] = standardMonitors,
): Story {
  if (verdict.verdict !== 'violated')
    throw new Error(`${program.name} is ${verdict.verdict}: nothing to tell`);
  // A monitor with a memory may object to this execution only because of others it has seen.
  return { ...replay(program, verdict.trace, monitors), violation: verdict.violation };
}
