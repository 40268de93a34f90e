import { readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { explain } from '../../../answers/explain/explain.ts';
import { InputError, quote } from '../../../errors/input-error.ts';
import { explanationText } from '../../../report/answers/explain-text.ts';
import { onFile } from '../../files/output.ts';

interface Flags {
  readonly json?: boolean;
  readonly kernel?: string;
}

/** Defines `mhp explain`: what messages of the kernel and of programs around it mean. */
export function define(command: Command): void {
  command
    .argument(
      '[message]',
      'a message, a file of them (a whole dmesg or journal), or - for standard input',
      '-',
    )
    .option('--kernel <release>', 'the kernel that printed it, such as v6.1 or 6.1.192 (default: any)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit status: 0 a line was known; 1 none was; 2 bad usage or input.')
    .action((message: string, flags: Flags) => {
      if (flags.kernel !== undefined && !/^v?\d{1,2}\.\d{1,3}(?:$|[.-])/.test(flags.kernel))
        throw new InputError('--kernel', '', `${quote(flags.kernel)} is no release such as v6.1 or 6.1.192`);
      const text = message === '-' ? readFileSync(0, 'utf8') : textOf(message);
      const explanation = explain(text, flags.kernel);
      process.stdout.write(
        flags.json
          ? `${JSON.stringify({ schema: 'mhp-explain/1', ...explanation }, null, 2)}\n`
          : explanationText(explanation),
      );
      process.exitCode = explanation.explained.length > 0 ? 0 : 1;
    });
}

/** The text of standard input, of a file, or the argument itself. */
function textOf(message: string): string {
  if (message === '-') return readFileSync(0, 'utf8');
  const stat = statSync(message, { throwIfNoEntry: false });
  if (stat?.isDirectory()) throw new InputError(message, '', 'is a directory');
  if (stat) return onFile(message, () => readFileSync(message, 'utf8'));
  if (/^\S+$/.test(message)) throw new InputError(message, '', 'no such file');
  return message;
}
