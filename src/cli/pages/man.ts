import type { Described } from './described.ts';

/** Manual pages (roff), made from the commands. */

const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');

const paragraph = (text: string): string =>
  escaped(text)
    .split('\n')
    .map((line) => (line.trim() === '' ? '.PP' : line))
    .join('\n.br\n')
    .replaceAll('\n.br\n.PP\n.br\n', '\n.PP\n');

/** The name of the page of a command: mhp-plan-add. */
export const pageName = ({ name }: Pick<Described, 'name'>): string => `mhp-${name.replaceAll(' ', '-')}`;

const head = (page: string, summary: string): string[] => [
  `.TH ${page.toUpperCase()} 1 "" mhp "User Commands"`,
  '.SH NAME',
  `${escaped(page)} \\- ${escaped(summary)}`,
];

export function manOf(command: Described): string {
  const { name, summary, usage, options, arguments: args, after } = command;
  const page = pageName(command);
  const lines = [...head(page, summary), '.SH SYNOPSIS', `.B mhp ${escaped(name)}`, escaped(usage)];
  if (args.length > 0) {
    lines.push('.SH ARGUMENTS');
    for (const { name: argument, description } of args)
      lines.push('.TP', `.I ${escaped(argument)}`, escaped(description));
  }
  if (options.length > 0) {
    lines.push('.SH OPTIONS');
    for (const { flags, description } of options)
      lines.push('.TP', `.B ${escaped(flags)}`, escaped(description));
  }
  if (after !== '') lines.push('.SH NOTES', paragraph(after));
  lines.push('.SH SEE ALSO', '.BR mhp (1)');
  return `${lines.join('\n')}\n`;
}

export function manOfAll(commands: readonly Described[]): string {
  const lines = [
    ...head('mhp', 'an executable model of Linux memory hotplug'),
    '.SH SYNOPSIS',
    '.B mhp',
    '.I command',
    '[options]',
    '.SH COMMANDS',
  ];
  for (const command of commands)
    lines.push('.TP', `.BR ${pageName(command).replaceAll('-', '\\-')} (1)`, escaped(command.summary));
  lines.push(
    '.SH ENVIRONMENT',
    '.TP',
    '.B LSMEM_COLUMNS',
    'the columns of mhp ls with \\-\\-lsmem 2.42, as for lsmem(1)',
    '.TP',
    '.B NO_COLOR',
    'if set, no output is coloured',
    '.SH EXIT STATUS',
    '0 as expected; 1 a violation or a refused operation; 2 bad usage or input; 3 undecided; 64 partly done',
  );
  return `${lines.join('\n')}\n`;
}
