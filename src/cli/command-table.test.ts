import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addCommands, COMMANDS } from './command-table.ts';

async function program(...args: string[]): Promise<Command> {
  const made = new Command('mhp');
  await addCommands(made, args);
  return made;
}

const defined = ({ commands }: Command): string[] =>
  commands.filter(({ options }) => options.length > 0).map((command) => command.name());

test.each([
  [[], []],
  [['--version'], []],
  [['--help'], []],
  [['help'], []],
  [['ls'], ['ls']],
  [['--help', 'ls', 'check'], ['ls']],
  [['help', 'check'], ['check']],
])('mhp %j defines %j', async (args, names) => {
  expect(defined(await program(...args))).toEqual(names);
});

test.each(COMMANDS)('$name takes what its module says', async ({ name, takes }) => {
  const { commands } = await program(name);
  const command = commands.find((one) => one.name() === name)!;
  expect(command.usage()).toBe(`[options] ${takes}`.trim());
});

test('the help is the same whatever is defined', async () => {
  const help = (await program()).helpInformation();
  expect((await program('check')).helpInformation()).toBe(help);
  expect(help).toContain('conform [options] <recording...>');
  expect(help).toContain('help [command]');
});
