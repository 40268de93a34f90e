import type { Command } from 'commander';
import { listBlocks, NoMemoryBlocks } from '../../machines/lsmem/lsmem-source.ts';
import { openSource } from '../../machines/sources/open.ts';
import {
  DEFAULT_LS_COLUMNS,
  LS_COLUMNS,
  type LsColumn,
  type LsOptions,
  renderLsmem,
  splitColumns,
} from '../../report/blocks/lsmem.ts';

interface Flags {
  readonly all?: boolean;
  readonly bytes?: boolean;
  readonly json?: boolean;
  readonly noheadings?: boolean;
  readonly output?: string;
  readonly outputAll?: boolean;
  readonly pairs?: boolean;
  readonly raw?: boolean;
  readonly split?: string;
  readonly sysroot?: string;
  readonly summary?: string | boolean;
}

const COLUMN_HELP: Record<LsColumn, string> = {
  RANGE: 'start and end address of the memory range',
  SIZE: 'size of the memory range',
  STATE: 'online status of the memory range',
  REMOVABLE: 'memory is removable',
  BLOCK: 'memory block number or blocks range',
  NODE: 'numa node of memory',
  ZONES: 'valid zones for the memory range',
};

/** Defines `mhp ls`: the memory blocks of this host or of another source, as lsmem prints them. */
export function define(command: Command): void {
  command
    .option('-J, --json', 'use JSON output format')
    .option('-P, --pairs', 'use key="value" output format')
    .option('-a, --all', 'list each individual memory block')
    .option('-b, --bytes', 'print SIZE in bytes rather than in human readable format')
    .option('-n, --noheadings', "don't print headings")
    .option('-o, --output <list>', 'output columns; +list adds to the default ones')
    .option('--output-all', 'output all columns')
    .option('-r, --raw', 'use raw output format')
    .option('-S, --split <list>', 'split ranges by specified columns, or "none"')
    .option('-s, --sysroot <source>', 'read a directory, an archive or RECORDING:STEP instead of this host')
    .option('--summary [when]', 'print summary information (never, always or only)')
    .addHelpText('after', () => {
      const width = Math.max(...LS_COLUMNS.map((name) => name.length));
      return `\nColumns:\n${LS_COLUMNS.map((name) => `  ${name.padEnd(width)}  ${COLUMN_HELP[name]}`).join('\n')}`;
    });
  command.version(
    `mhp ls from mhp ${command.parent?.version() ?? ''}`.trimEnd(),
    '-V, --version',
    'display version',
  );
  // As in lsmem the later option counts: a format after --summary cancels the summary, except "only".
  for (const format of ['json', 'pairs', 'raw']) {
    command.on(`option:${format}`, () => {
      const when: unknown = command.getOptionValue('summary');
      if (when === 'always' || when === 'never') command.setOptionValue('summary', undefined);
    });
  }
  command.action(async (flags: Flags) => {
    const options = optionsOf(flags, (message) => command.error(message, { exitCode: 2, code: 'mhp.usage' }));
    const shown = new Set<string>(options.columns);
    const split: ReadonlySet<string> = options.all ? new Set() : splitColumns(options);
    const { tree } = await openSource(flags.sysroot ?? '/', { only: 'blocks' });
    try {
      const memory = listBlocks(tree, {
        nodes: shown.has('NODE') || split.has('NODE'),
        zones: shown.has('ZONES') || split.has('ZONES'),
      });
      process.stdout.write(renderLsmem(memory.blocks, memory.block_size, options));
    } catch (error) {
      if (!(error instanceof NoMemoryBlocks)) throw error;
      const source = flags.sysroot === undefined ? '' : `${flags.sysroot}: `;
      process.stderr.write(`mhp ls: ${source}${error.message}\n`);
      process.exitCode = 1;
    }
  });
}

/** The combined meaning of the flags. `fail` receives the message for a wrong combination and does not return. */
export function optionsOf(flags: Flags, fail: (message: string) => never): LsOptions {
  const formats = [flags.json, flags.pairs, flags.raw].filter(Boolean).length;
  if (formats > 1) fail('mhp ls: mutually exclusive arguments: --json --pairs --raw');
  if (flags.all && flags.split !== undefined) fail('mhp ls: mutually exclusive arguments: --split --all');
  const format = flags.json ? 'json' : flags.pairs ? 'pairs' : flags.raw ? 'raw' : 'table';
  const when = flags.summary === true ? 'only' : flags.summary;
  if (when !== undefined && when !== 'only' && when !== 'always' && when !== 'never') {
    fail('mhp ls: unsupported --summary argument');
  }
  if (when === 'only' && format !== 'table') {
    fail('mhp ls: options --{raw,json,pairs} and --summary=only are mutually exclusive');
  }
  return {
    columns: shownColumns(flags, fail),
    split:
      flags.split === undefined ? undefined : flags.split === 'none' ? [] : columnList(flags.split, fail),
    all: flags.all === true,
    bytes: flags.bytes === true,
    headings: flags.noheadings !== true,
    format,
    list: when !== 'only',
    summary: when === undefined ? format === 'table' : when !== 'never',
  };
}

function shownColumns(flags: Flags, fail: (message: string) => never): readonly LsColumn[] {
  if (flags.output === undefined) return flags.outputAll ? LS_COLUMNS : DEFAULT_LS_COLUMNS;
  if (!flags.output.startsWith('+')) return columnList(flags.output, fail);
  const basis = flags.outputAll ? LS_COLUMNS : DEFAULT_LS_COLUMNS;
  return [...basis, ...columnList(flags.output.slice(1), fail)];
}

function columnList(list: string, fail: (message: string) => never): LsColumn[] {
  return list.split(',').map((name) => {
    const column = LS_COLUMNS.find((known) => known === name.toUpperCase());
    return column ?? fail(`mhp ls: unknown column: ${name}`);
  });
}
