import type { Command } from 'commander';
import { diff } from '../../../answers/diff/diff.ts';
import { placePools } from '../../../answers/pages/hugetlb.ts';
import { diffText } from '../../../report/answers/diff-text.ts';
import { checkOutputs, saveWhole } from '../../files/output.ts';
import { aboutAsked, askedMachine, askedMap } from '../../inputs/asked-machine.ts';
import { type MachineFlags, machineOptions } from '../../inputs/machine-options.ts';

interface Flags extends MachineFlags {
  readonly json?: boolean;
  readonly html?: string;
}

/** Defines `mhp diff`: what differs between two captures or moments, and the operations that explain it. */
export function define(command: Command): void {
  machineOptions(command)
    .argument('<before>', 'a source of a machine: a directory, an archive, RECORDING:STEP')
    .argument('<after>', 'another')
    .option('--json', 'print JSON')
    .option('--html <file>', 'write the answer, with a map of the blocks, as a page that stands alone')
    .addHelpText('after', '\nExit status: 0 nothing differs; 1 something does; 2 bad usage or input.')
    .action(async (before: string, after: string, flags: Flags) => {
      checkOutputs([flags.html]);
      const [a, b] = [await open(before, flags), await open(after, flags)];
      const found = diff(a, b);
      const about = { schema: 'mhp-diff/1', before: a.machine.source, after: b.machine.source };
      process.stdout.write(
        flags.json ? `${JSON.stringify({ ...about, ...found }, null, 2)}\n` : diffText(found),
      );
      if (flags.html !== undefined) {
        const { diffPage } = await import('../../../report/page/diff-page.ts');
        saveWhole(flags.html, diffPage(found, about, askedMap(b), aboutAsked(b)));
      }
      process.exitCode = found.changes.length === 0 ? 0 : 1;
    });
}

async function open(source: string, flags: Flags) {
  const asked = await askedMachine(source, { ...flags, words: false });
  if (asked.tree) placePools(asked.session, asked.tree);
  return asked;
}
