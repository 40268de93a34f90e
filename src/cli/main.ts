#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { aboutPath } from '../errors/system-error.ts';
import { UserError } from '../errors/user-error.ts';
import { addCommands } from './command-table.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('mhp')
  .description('An executable model of Linux memory hotplug')
  .version(version)
  .exitOverride();

// a reader that closes the pipe early (`mhp conform … | head`) is no error, and does not change the result so far
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  process.stderr.write(`mhp: standard output: ${error.code ?? error.message}\n`);
  process.exit(2);
});

// what is written there is beside the result
process.stderr.on('error', () => {});

try {
  await addCommands(program, process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // help and version are no errors; all other errors of commander are wrong usage
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof UserError) {
    process.stderr.write(`mhp: ${error.message}\n`);
    process.exitCode = 2;
  } else {
    const said = aboutPath(error);
    if (said === undefined) throw error;
    process.stderr.write(`mhp: ${said}\n`);
    process.exitCode = 2;
  }
}
