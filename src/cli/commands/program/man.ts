import { join } from 'node:path';
import type { Command } from 'commander';
import { InputError, quote } from '../../../errors/input-error.ts';
import type { CommandRow } from '../../command-row.ts';
import { onFile, saveWhole } from '../../files/output.ts';
import { manOf, manOfAll, pageName } from '../../pages/man.ts';

interface Flags {
  readonly dir?: string;
}

/** Defines `mhp man`: manual pages, made from the commands. */
export function define(command: Command, all: readonly CommandRow[]): void {
  command
    .argument('[command...]', 'a command, such as why or plan add; mhp itself by default')
    .option('--dir <directory>', 'write all pages there: mhp.1, mhp-why.1 …')
    .addHelpText('after', '\nTo read one: mhp man why | man -l -')
    .action(async (words: readonly string[], { dir }: Flags) => {
      const { describedCommands } = await import('../../pages/described.ts');
      const commands = await describedCommands(all);
      if (dir !== undefined) {
        onFile(dir, () => saveWhole(join(dir, 'mhp.1'), manOfAll(commands)));
        for (const one of commands) saveWhole(join(dir, `${pageName(one)}.1`), manOf(one));
        return;
      }
      const name = words.join(' ');
      const found = commands.find((one) => one.name === name);
      if (name !== '' && !found) throw new InputError('man', '', `${quote(name)} is no command`);
      process.stdout.write(found ? manOf(found) : manOfAll(commands));
    });
}
