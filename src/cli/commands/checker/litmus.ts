import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import type { Defect } from '../../../hardware/mmu.ts';
import { type LitmusResult, runLitmus } from '../../../litmus/run-test.ts';
import { type LitmusTest, parseLitmus } from '../../../litmus/test.ts';
import { tableLines } from '../../../report/text/columns.ts';
import { readText } from '../../inputs/text-file.ts';

interface Flags {
  readonly defect?: Defect;
  readonly json?: boolean;
}

const OWN = fileURLToPath(new URL('../../../../litmus/', import.meta.url));

/** Defines `mhp litmus`: whether the modelled hardware allows the outcomes that the architecture allows. */
export function define(command: Command): void {
  command
    .argument('[file...]', 'test files in YAML (default: all tests that come with mhp)')
    .addOption(
      new Option('--defect <name>', 'run on hardware whose broadcast TLBI completes early').choices([
        'early-tlbi',
      ]),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit status: 0 all verdicts as expected, 1 a verdict differs, 2 bad usage or input, 3 undecided.',
    )
    .action((files: readonly string[], flags: Flags) => {
      const tests = (files.length === 0 ? own() : files).map(read);
      const results = tests.map((test) => runLitmus(test, flags.defect));
      process.stdout.write(flags.json ? json(results, flags) : table(results));
      process.exitCode = exitCode(results);
    });
}

function exitCode(results: readonly LitmusResult[]): number {
  if (results.every((r) => r.as_expected)) return 0;
  return results.every((r) => r.as_expected || r.verdict === 'undecided') ? 3 : 1;
}

const own = (): string[] =>
  readdirSync(OWN)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => `${OWN}${name}`);

function read(file: string): LitmusTest {
  const named = file.startsWith(OWN) ? basename(file) : file;
  return parseLitmus(readText(file), named);
}

function table(results: readonly LitmusResult[]): string {
  const columns = [
    { name: 'TEST', right: false },
    { name: 'EXPECTED', right: false },
    { name: 'VERDICT', right: false },
    { name: 'STATES', right: true },
    { name: '', right: false },
  ];
  const rows = results.map((r) => [
    r.test.name,
    r.test.expected,
    r.verdict,
    String(r.states),
    r.as_expected || r.verdict === 'undecided' ? '' : 'differs',
  ]);
  const differ = results.filter((r) => !r.as_expected).length;
  const sum = `${results.length} tests, ${differ === 0 ? 'all as expected' : `${differ} not as expected`}`;
  const lines = tableLines(columns, rows, true).map((line) => line.trimEnd());
  return `${lines.join('\n')}\n\n${sum}\n`;
}

function json(results: readonly LitmusResult[], flags: Flags): string {
  const tests = results.map((r) => ({
    name: r.test.name,
    source: r.test.source,
    asks: r.test.asks,
    expected: r.test.expected,
    verdict: r.verdict,
    as_expected: r.as_expected,
    states: r.states,
  }));
  return `${JSON.stringify({ schema: 'mhp-litmus/1', defect: flags.defect ?? null, tests }, null, 2)}\n`;
}
