import type { StepOutcome } from '../../scenarios/running/run-scenario.ts';
import type { Failure } from '../../steps/failure.ts';
import { holderText } from './holders.ts';

/** One line per step, followed by its effects: messages, changes, failures. */
export function stepText(outcome: StepOutcome, failed: (text: string) => string): string {
  const ost = outcome.ost ? ` OST ${outcome.ost.join(' ')}` : '';
  const number = String(outcome.index + 1).padStart(2);
  const ok = outcome.failures.length === 0;
  const lines = [`${number}  ${outcome.operation}  ${ok ? outcome.result : failed(outcome.result)}${ost}`];
  for (const message of outcome.messages) lines.push(`    kernel: ${message.trimEnd()}`);
  for (const change of outcome.changes) lines.push(`    ${change}`);
  for (const holder of outcome.holders) lines.push(`    ${holderText(holder, outcome.show)}`);
  const tables = tablesText(outcome);
  if (tables) lines.push(`    ${tables}`);
  for (const line of failureLines(outcome.failures)) lines.push(failed(`    ${line}`));
  return `${lines.join('\n')}\n`;
}

/** So many violations of one invariant are told; of a range of 512G thousands of blocks may be wrong in the same way. */
const TOLD = 8;

function failureLines(failures: readonly Failure[]): string[] {
  const lines: string[] = [];
  const seen = new Map<string, number>();
  for (const { kind, text, subjects } of failures) {
    const nr = (seen.get(subjects.invariant ?? '') ?? 0) + 1;
    if (subjects.invariant !== undefined) seen.set(subjects.invariant, nr);
    if (subjects.invariant === undefined || nr <= TOLD) lines.push(`${kind}: ${text}`);
  }
  for (const [invariant, nr] of seen)
    if (nr > TOLD) lines.push(`invariant: ${invariant}: and ${nr - TOLD} more of its kind`);
  return lines;
}

/** "tables: 1 PMD, 512 PTE allocated; 512 PTE freed", or nothing. */
function tablesText({ tables }: StepOutcome): string {
  const list = (counts: object, what: string): string[] => {
    const levels = Object.entries(counts).map(([level, n]) => `${n} ${level}`);
    return levels.length ? [`${levels.join(', ')} ${what}`] : [];
  };
  const parts = [...list(tables.allocated, 'allocated'), ...list(tables.freed, 'freed')];
  return parts.length ? `tables: ${parts.join('; ')}` : '';
}
