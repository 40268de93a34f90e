import type { StepOutcome } from '../../scenarios/running/run-scenario.ts';

/** One line per step, followed by its effects: messages, changes, failures. */
export function stepText(outcome: StepOutcome, failed: (text: string) => string): string {
  const ost = outcome.ost ? ` OST ${outcome.ost.join(' ')}` : '';
  const number = String(outcome.index + 1).padStart(2);
  const ok = outcome.failures.length === 0;
  const lines = [`${number}  ${outcome.operation}  ${ok ? outcome.result : failed(outcome.result)}${ost}`];
  for (const message of outcome.messages) lines.push(`    kernel: ${message.trimEnd()}`);
  for (const change of outcome.changes) lines.push(`    ${change}`);
  const tables = tablesText(outcome);
  if (tables) lines.push(`    ${tables}`);
  for (const failure of outcome.failures) lines.push(failed(`    ${failure.kind}: ${failure.text}`));
  return `${lines.join('\n')}\n`;
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

/** The keys of one step in --json, as defined by mhp-run/1. */
export function stepJson(outcome: StepOutcome): unknown {
  return {
    step: outcome.index + 1,
    operation: outcome.operation,
    result: outcome.result,
    ret: outcome.ret,
    ost: outcome.ost,
    messages: outcome.messages,
    changes: outcome.changes,
    tables: outcome.tables,
    failures: outcome.failures,
  };
}
