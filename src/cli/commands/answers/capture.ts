import { gzipSync } from 'node:zlib';
import type { Command } from 'commander';
import { plainWord } from '../../../answers/pages/word.ts';
import { InputError, quote } from '../../../errors/input-error.ts';
import { capture, SHELL_LINE } from '../../../machines/capture/capture.ts';
import { checkOutput, saveWhole } from '../../files/output.ts';

interface Flags {
  readonly output: string;
  readonly shell?: boolean;
  readonly root: string;
}

/** Defines `mhp capture`: a small archive of this host with all that answers read. */
export function define(command: Command): void {
  command
    .option('-o, --output <file>', 'the archive; .tar is not compressed', 'mhp-capture.tar.gz')
    .option('--shell', 'print a shell line that does it where mhp cannot be installed')
    .option('--root <directory>', 'capture a directory that mirrors a host', '/')
    .addHelpText(
      'after',
      '\nRun it as root: others see no addresses and no words of pages. Names of hosts and serial numbers are left out.\nExit status: 0 all was read; 64 something could not be read, and is named; 2 bad usage or input.',
    )
    .action((flags: Flags) => {
      if (flags.shell) {
        process.stdout.write(`${SHELL_LINE}\n`);
        return;
      }
      checkOutput(flags.output);
      if (/\.(xz|bz2|zst|zip)$/.test(flags.output))
        throw new InputError('--output', '', `${quote(flags.output)}: writes .tar.gz, .tgz or .tar`);
      const { archive, files, unreadable } = capture(flags.root, plainWord);
      const packed = flags.output.endsWith('.tar') ? archive : gzipSync(archive, { level: 9 });
      saveWhole(flags.output, packed);
      process.stdout.write(`${flags.output}: ${files} files, ${packed.length} bytes.\n`);
      for (const [path, why] of unreadable) process.stdout.write(`not read: /${path}: ${why}\n`);
      process.exitCode = unreadable.length > 0 ? 64 : 0;
    });
}
