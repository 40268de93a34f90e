import type { MemScenario } from '../scenarios/mem-scenario.ts';
import type { MemOutcome } from '../scenarios/mem-session.ts';

/** The output of a scenario of struct pages. */

interface Named {
  readonly name: string;
  readonly about: string;
}

export function memHeading({ file, machine }: MemScenario, release: Named): string {
  const placement = machine.memory_model === 'SPARSEMEM_VMEMMAP' ? '' : `, memmaps ${machine.memmap}`;
  return `${file}: ${machine.arch}, ${machine.memory_model}${placement}, ${release.name} (${release.about})\n`;
}

/** One line per step, followed by its effects; a picture follows its failure. */
export function memStepText(outcome: MemOutcome, failed: (text: string) => string): string {
  const number = String(outcome.index + 1).padStart(2);
  const ok = outcome.failures.length === 0;
  const lines = [`${number}  ${outcome.operation}  ${ok ? outcome.result : failed(outcome.result)}`];
  for (const message of outcome.messages) lines.push(`    kernel: ${message}`);
  for (const note of outcome.notes) lines.push(`    ${note}`);
  for (const failure of outcome.failures) {
    lines.push(failed(`    ${failure.kind}: ${failure.text}`));
    lines.push(...(failure.picture ?? []).map((line) => `      ${line}`));
  }
  return `${lines.join('\n')}\n`;
}

export function memJson(
  { file, machine }: MemScenario,
  release: Named,
  outcomes: readonly MemOutcome[],
): unknown {
  return {
    schema: 'mhp-run-memmap/1',
    scenario: file,
    arch: machine.arch,
    memory_model: machine.memory_model,
    memmap: machine.memmap,
    release: release.name,
    steps: outcomes.map((outcome) => ({
      step: outcome.index + 1,
      operation: outcome.operation,
      result: outcome.result,
      ret: outcome.ret,
      messages: outcome.messages,
      notes: outcome.notes,
      accesses: outcome.strays.map(({ fn, op, meant, n, pfn, foreign }) => ({
        function: fn,
        access: op,
        meant_pfn: meant,
        pages: n,
        pfn: pfn < 0 ? null : pfn,
        foreign,
      })),
      failures: outcome.failures,
    })),
  };
}
