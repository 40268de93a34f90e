import type { Command } from 'commander';
import { NoMemoryBlocks } from '../../../machines/lsmem/lsmem-source.ts';
import {
  CONFIG_COLUMNS,
  DEFAULT_LS_COLUMNS,
  LS_COLUMNS,
  LSMEM_VERSIONS,
  type LsColumn,
  type LsmemVersion,
  type LsOptions,
  renderLsmem,
  splitColumns,
} from '../../../report/blocks/lsmem.ts';
import { listedMap } from '../../../report/drawing/block-map.ts';
import { blockDrawing, checkDrawing, type DrawingFlags, drawingOptions, drawn } from '../../drawing.ts';
import { listSource } from '../../inputs/list-source.ts';
import { type MachineFlags, machineOptions } from '../../inputs/machine-options.ts';
import { printNotes } from '../../inputs/notes.ts';

interface Flags extends MachineFlags, DrawingFlags {
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
  readonly lsmem?: string;
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
  CONFIGURED: 'configuration status of the memory range (s390, lsmem 2.42)',
  'MEMMAP-ON-MEMORY': 'memmap-on-memory status of the memory range (s390, lsmem 2.42)',
};

const ALL_COLUMNS = [...LS_COLUMNS, ...CONFIG_COLUMNS];

/** Defines `mhp ls`: the memory blocks of this host or of another source, as lsmem prints them. */
export function define(command: Command): void {
  drawingOptions(machineOptions(command), 'a map of the memory blocks')
    .option('-J, --json', 'use JSON output format')
    .option('-P, --pairs', 'use key="value" output format')
    .option('-a, --all', 'list each individual memory block')
    .option('-b, --bytes', 'print SIZE in bytes rather than in human readable format')
    .option('-n, --noheadings', "don't print headings")
    .option('-o, --output <list>', 'output columns; +list adds to the default ones')
    .option('--output-all', 'output all columns')
    .option('-r, --raw', 'use raw output format')
    .option('-S, --split <list>', 'split ranges by specified columns, or "none"')
    .option(
      '-s, --sysroot <source>',
      'read a directory, an archive, RECORDING:STEP, output of lsmem, a machine file or a scenario (run to its end)',
    )
    .option('--lsmem <version>', `print as lsmem of util-linux ${LSMEM_VERSIONS.join(' or ')}`, '2.38')
    .option('--summary [when]', 'print summary information (never, always or only)')
    .addHelpText('after', () => {
      const width = Math.max(...ALL_COLUMNS.map((name) => name.length));
      return `\nColumns:\n${ALL_COLUMNS.map((name) => `  ${name.padEnd(width)}  ${COLUMN_HELP[name]}`).join('\n')}`;
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
    checkDrawing(flags);
    const draws = flags.draw || flags.svg !== undefined;
    const shown = new Set<string>(options.columns);
    const split: ReadonlySet<string> = options.all ? new Set() : splitColumns(options);
    try {
      const { blocks, block_size, memmap_on_memory, notes } = await listSource(flags.sysroot, flags, {
        nodes: draws || shown.has('NODE') || split.has('NODE'),
        zones: draws || shown.has('ZONES') || split.has('ZONES'),
        anyBlock: options.version === '2.42',
      });
      printNotes(notes);
      const parameter = memmap_on_memory === undefined ? {} : { memmapOnMemory: memmap_on_memory };
      const drawing = () => blockDrawing(listedMap(blocks, block_size), 'memory blocks', flags);
      if (await drawn(flags, drawing)) return;
      process.stdout.write(renderLsmem(blocks, block_size, { ...options, ...parameter }));
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
  const version =
    LSMEM_VERSIONS.find((known) => known === (flags.lsmem ?? '2.38')) ??
    fail(`mhp ls: --lsmem takes ${LSMEM_VERSIONS.join(' or ')}`);
  const known = version === '2.42' ? ALL_COLUMNS : LS_COLUMNS;
  return {
    version,
    columns: shownColumns(flags, version, known, fail),
    split:
      flags.split === undefined
        ? undefined
        : flags.split === 'none'
          ? []
          : columnList(flags.split, known, fail),
    all: flags.all === true,
    bytes: flags.bytes === true,
    headings: flags.noheadings !== true,
    format,
    list: when !== 'only',
    summary: when === undefined ? format === 'table' : when !== 'never',
  };
}

function shownColumns(
  flags: Flags,
  version: LsmemVersion,
  known: readonly LsColumn[],
  fail: (message: string) => never,
): readonly LsColumn[] {
  // lsmem 2.42 reads this variable
  const output = flags.output ?? (version === '2.42' ? process.env.LSMEM_COLUMNS : undefined);
  const basis = flags.outputAll ? known : DEFAULT_LS_COLUMNS;
  if (output === undefined) return basis;
  if (!output.startsWith('+')) return columnList(output, known, fail);
  return [...basis, ...columnList(output.slice(1), known, fail)];
}

function columnList(list: string, known: readonly LsColumn[], fail: (message: string) => never): LsColumn[] {
  return list.split(',').map((name) => {
    const column = known.find((own) => own === name.toUpperCase());
    return column ?? fail(`mhp ls: unknown column: ${name}`);
  });
}
