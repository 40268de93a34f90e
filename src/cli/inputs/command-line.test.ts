import { Command } from 'commander';
import { expect, test } from 'vitest';
import { commandLine } from './command-line.ts';

test.each([
  [['a.yaml', '--release', 'v6.1,v7.2', '--html', 'x.html'], 'mhp check a.yaml --release v6.1,v7.2'],
  [["it's", '--brief', '--set=a', '--set', 'b c'], `mhp check 'it'\\''s' --set a --set 'b c' --brief`],
  [['--no-colour'], 'mhp check --no-colour'],
  [[], 'mhp check'],
])('%j is typed again as %s', async (args, line) => {
  let found = '';
  const program = new Command('mhp');
  program
    .command('check')
    .argument('[name...]')
    .option('--release <names>')
    .option('--set <one>', 'several', (one: string, all: string[]) => [...all, one], [])
    .option('--brief')
    .option('--no-colour')
    .option('--html <file>')
    .action((_names: string[], _flags: object, self: Command) => {
      found = commandLine(self, ['html']);
    });
  await program.parseAsync(['check', ...args], { from: 'user' });
  expect(found).toBe(line);
});
