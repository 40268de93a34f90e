import type { Command } from 'commander';
import { tableBands } from '../../../report/drawing/table-bands.ts';
import { bandsDrawn, checkDrawing, type DrawingFlags, drawingOptions, drawn } from '../../drawing.ts';
import { machineOptions } from '../../inputs/machine-options.ts';
import { printNotes } from '../../inputs/notes.ts';
import { type SourceFlags, sessionOf } from '../../inputs/session-of.ts';

type Flags = SourceFlags & DrawingFlags;

/** Defines `mhp ptdump`: the kernel's page tables as its debugfs file shows them. */
export function define(command: Command): void {
  drawingOptions(machineOptions(command), 'the tree of page tables', 'table, block, page')
    .argument(
      '[source]',
      'a scenario (run to its end) or a machine: file, directory, archive or RECORDING:STEP (default: this machine)',
    )
    .option('--after <n>', 'run only the first n steps of the scenario')
    .action(async (source: string | undefined, flags: Flags) => {
      await print(source, flags);
    });
}

async function print(source: string | undefined, flags: Flags): Promise<void> {
  checkDrawing(flags);
  const { session, notes } = await sessionOf(source, flags);
  printNotes(notes);
  const lines = session.pageTables();
  const { mmu } = session.state;
  if (mmu && (await drawn(flags, () => bandsDrawn(tableBands(mmu, -(2 ** 62), 0, flags.fold), flags))))
    return;
  let chunk = '';
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK) continue;
    await written(chunk);
    chunk = '';
  }
  await written(chunk);
}

/** The bytes written at a time: the text for the tables of a terabyte is never held in memory. */
const CHUNK = 2 ** 16;

const written = (text: string): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(text, () => resolve());
  });
