import type { Command } from 'commander';
import type { BlockAnswer } from '../../../answers/why/answer.ts';
import { why, whyAll } from '../../../answers/why/why.ts';
import { InputError } from '../../../errors/input-error.ts';
import { blocksTable, blockText, sumLine } from '../../../report/answers/why-text.ts';
import { checkOutputs, saveWhole } from '../../files/output.ts';
import { aboutAsked, askedMachine, askedMap } from '../../inputs/asked-machine.ts';
import { blocksNamed } from '../../inputs/block-range.ts';
import { type MachineFlags, machineOptions } from '../../inputs/machine-options.ts';
import { printNotes } from '../../inputs/notes.ts';

interface Flags extends MachineFlags {
  readonly sysroot?: string;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly html?: string;
}

/** Defines `mhp why`: whether memory blocks can be taken offline, and what the kernel would trip over first. */
export function define(command: Command): void {
  machineOptions(command)
    .argument('[block]', 'a block or range: memory42, 42, 40..47, 0x140000000, 0x140000000-0x147ffffff')
    .option('-a, --all', 'every block of the machine, as a table')
    .option('-s, --sysroot <source>', 'a source of a machine in place of this host')
    .option('--json', 'print JSON')
    .option('--html <file>', 'write the answer, with a map of the blocks, as a page that stands alone')
    .addHelpText(
      'after',
      '\nNothing is changed: the operation is run on a model of the machine.\nExit status: 0 all blocks can go offline; 1 none can; 64 only some; 3 their pages could not be seen; 2 bad usage or input.',
    )
    .action(async (block: string | undefined, flags: Flags) => {
      process.exitCode = await run(block, flags);
    });
}

async function run(block: string | undefined, flags: Flags): Promise<number> {
  if ((block === undefined) === (flags.all !== true))
    throw new InputError('why', '', 'takes a block or range, or --all');
  checkOutputs([flags.html]);
  const asked = await askedMachine(flags.sysroot, flags);
  const { memory_block } = asked.session.state;
  const size = asked.session.kernel.c.memory_block_size_bytes;
  const blocks =
    block === undefined
      ? [...memory_block.keys()].sort((a, b) => a - b)
      : blocksNamed(block, memory_block.keys(), size);
  if (blocks.length === 0) throw new InputError(asked.machine.source, '', 'has no memory blocks');
  const answers = blocks.length === 1 ? [why(asked, blocks[0]!)] : whyAll(asked, blocks);
  if (flags.html !== undefined) {
    const { whyPage } = await import('../../../report/page/why-page.ts');
    saveWhole(flags.html, whyPage(answers, askedMap(asked), aboutAsked(asked)));
  }
  if (flags.json) {
    const { machine, release, notes } = asked;
    const answer = {
      schema: 'mhp-why/1',
      machine: machine.source,
      arch: machine.arch,
      release: release.name,
      notes,
      blocks: answers,
    };
    process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  } else {
    printNotes(asked.notes);
    if (answers.length === 1) process.stdout.write(blockText(answers[0]!));
    else process.stdout.write(`${sumLine(answers)}\n${blocksTable(answers)}`);
  }
  return status(answers);
}

/** 0: all can go offline; 1: none can; 64: some can; 3: nobody can tell. */
function status(answers: readonly BlockAnswer[]): number {
  const can = answers.filter(({ verdict }) => verdict === 'yes' || verdict === 'offline').length;
  const cannot = answers.filter(({ verdict }) => verdict === 'no').length;
  if (can === answers.length) return 0;
  if (cannot === answers.length) return 1;
  return cannot > 0 && can > 0 ? 64 : cannot > 0 ? 1 : 3;
}
