import type { CompareResult, Disagreement } from '../../source/compare/compare.ts';
import { DIFFERENCES, type DifferenceName } from '../../source/compare/differences.ts';

/** The kernel whose C was compared. */
interface Kernel {
  readonly version: string;
  /** In K. */
  readonly page: number;
  readonly bits: number;
}

/** The result of a comparison in words. */
export function compareText(result: CompareResult, { version, page, bits }: Kernel): string {
  const { operations, agree, steps } = result;
  const lines = [
    `Linux ${version}, ${page}K pages, ${bits} bits: ${agree} of ${operations} operations agree`,
    '',
  ];
  for (const one of result.disagreements) lines.push(...disagreementLines(one), '');
  for (const [fn, n] of Object.entries(result.functions).sort())
    lines.push(`${String(n).padStart(8)}  ${fn}()`);
  lines.push(`${String(steps).padStart(8)}  steps of C`, '', 'Passed over in the C:');
  for (const [name, n] of Object.entries(result.passed.source)) {
    const known = DIFFERENCES[name as DifferenceName];
    lines.push(`${String(n).padStart(8)}  ${known.name}: ${known.why}`);
  }
  return `${lines.join('\n')}\n`;
}

function disagreementLines({ nr, operation, injected, what, model, source }: Disagreement): string[] {
  const head = `operation ${nr}: ${operation}${injected ? ` (${injected})` : ''}: the ${what} differ${what === 'steps' ? '' : 's'}`;
  return [head, ...model.map((line) => `  model  ${line}`), ...source.map((line) => `  C      ${line}`)];
}
