import type { Question } from '../search/question.ts';
import { replay, type Story } from './replay.ts';
import { encodeToken } from './token.ts';
import type { Verdict, Violated } from './verdict.ts';

function wrong(name: string, verdict: Verdict): Violated {
  if (verdict.verdict === 'violated') return verdict;
  throw new Error(`${name} is ${verdict.verdict}: nothing to tell`);
}

/** The execution behind a violation, step by step. Throws for verdicts without a violation. */
export function tell({ program, monitors }: Question, verdict: Verdict): Story {
  const { trace, violation } = wrong(program.name, verdict);
  // A monitor with a memory may report this execution only because of others it has seen.
  return { ...replay(program, trace, monitors), violation };
}

/** The same execution as a token. */
export function tokenOf({ program }: Question, verdict: Verdict): string {
  return encodeToken(program, wrong(program.name, verdict).trace);
}
