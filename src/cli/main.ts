#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import * as campaign from './commands/campaign.ts';
import * as check from './commands/check.ts';
import * as conform from './commands/conform.ts';
import * as explore from './commands/explore.ts';
import * as geometry from './commands/geometry.ts';
import * as litmus from './commands/litmus.ts';
import * as ls from './commands/ls.ts';
import * as options from './commands/options.ts';
import * as pages from './commands/pages.ts';
import * as ptdump from './commands/ptdump.ts';
import * as replay from './commands/replay.ts';
import * as reserved from './commands/reserved.ts';
import * as run from './commands/run.ts';
import * as sections from './commands/sections.ts';
import { is_bad_input } from './refused.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('mhp')
  .description('Linux memory hotplug as a program you can hold')
  .version(version)
  .exitOverride();

for (const command of [
  run,
  check,
  options,
  campaign,
  conform,
  ls,
  pages,
  ptdump,
  explore,
  geometry,
  litmus,
  replay,
  reserved,
  sections,
])
  command.register(program);
// a reader that has seen enough (`mhp conform … | head`) is no error, and changes nothing of what is known by then
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  process.stderr.write(`mhp: standard output: ${error.code ?? error.message}\n`);
  process.exit(2);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // help and version are no errors; everything else commander reports is bad usage
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (is_bad_input(error)) {
    process.stderr.write(`mhp: ${error.message}\n`);
    process.exitCode = 2;
  } else {
    throw error;
  }
}
