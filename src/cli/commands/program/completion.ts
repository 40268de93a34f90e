import { Argument, type Command } from 'commander';
import type { CommandRow } from '../../command-row.ts';
import { completion, SHELLS, type Shell } from '../../pages/completion.ts';

/** Defines `mhp completion`: what a shell needs to complete command lines of mhp. */
export function define(command: Command, all: readonly CommandRow[]): void {
  command
    .addArgument(new Argument('<shell>', SHELLS.join(', ')).choices(SHELLS))
    .addHelpText('after', '\nFor this shell: source <(mhp completion bash)')
    .action(async (shell: Shell) => {
      const { describedCommands } = await import('../../pages/described.ts');
      const { catalogue } = await import('../../inputs/catalogue.ts');
      const ids = catalogue().map(({ entry }) => entry.id);
      process.stdout.write(completion(shell, await describedCommands(all), ids));
    });
}
