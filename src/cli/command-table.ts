import type { Command } from 'commander';
import { InputError, quote } from '../errors/input-error.ts';
import type { CommandRow } from './command-row.ts';

/** All commands, in the order of `mhp --help`. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'run',
    takes: '[source]',
    summary: 'run a scenario on a machine and show what the kernel does, step by step',
    load: () => import('./commands/machine/run.ts'),
  },
  {
    name: 'check',
    takes: '[scenario...]',
    summary: 'explore every interleaving of scenarios on releases and tell the shortest story of a failure',
    load: () => import('./commands/checker/check.ts'),
  },
  {
    name: 'options',
    takes: '',
    summary: 'compare the ways to keep vmalloc and memory hot-remove apart: V5, options 1 to 4, V6, upstream',
    load: () => import('./commands/checker/options.ts'),
  },
  {
    name: 'campaign',
    takes: '',
    summary:
      'run every entry of the catalogue on every release and in every geometry, to see where it can be reached',
    load: () => import('./commands/checker/campaign.ts'),
  },
  {
    name: 'capture',
    takes: '',
    summary: 'write a small archive of this host with all that answers read',
    load: () => import('./commands/answers/capture.ts'),
  },
  {
    name: 'compare',
    takes: '',
    summary:
      "run the model's functions and the kernel's own C on the same random states and compare every access",
    load: () => import('./commands/source/compare.ts'),
  },
  {
    name: 'completion',
    takes: '<shell>',
    summary: 'print completion for bash, zsh or fish',
    load: () => import('./commands/program/completion.ts'),
  },
  {
    name: 'conform',
    takes: '<recording...>',
    summary: 'replay recordings of real kernels on the model and compare after every step',
    load: () => import('./commands/recordings/conform.ts'),
  },
  {
    name: 'ls',
    takes: '',
    summary: 'list memory blocks and whether they are online, with the options and output of lsmem',
    load: () => import('./commands/machine/ls.ts'),
  },
  {
    name: 'man',
    takes: '[command...]',
    summary: 'print or write manual pages',
    load: () => import('./commands/program/man.ts'),
  },
  {
    name: 'pages',
    takes: '[source]',
    summary: 'print the struct pages of a machine as runs: kind, flags, owner',
    load: () => import('./commands/machine/pages.ts'),
  },
  {
    name: 'plan',
    takes: 'add|remove|pmem|cxl …',
    summary:
      'say what adding or removing memory would do, and what devices lose: costs, zones, blocks, commands',
    load: () => import('./commands/answers/plan.ts'),
  },
  {
    name: 'ptdump',
    takes: '[source]',
    summary: "print the kernel's page tables, linear map and vmemmap, as debugfs does",
    load: () => import('./commands/machine/ptdump.ts'),
  },
  {
    name: 'diff',
    takes: '<before> <after>',
    summary: 'say what differs between two captures or moments, and the operations that explain it',
    load: () => import('./commands/answers/diff.ts'),
  },
  {
    name: 'explain',
    takes: '[message]',
    summary:
      'say what messages of the kernel, QEMU, libvirt, ndctl, daxctl and udev mean, and what to change',
    load: () => import('./commands/answers/explain.ts'),
  },
  {
    name: 'explore',
    takes: '[program...]',
    summary: 'explore every interleaving of a program and tell the shortest story of a failure',
    load: () => import('./commands/checker/explore.ts'),
  },
  {
    name: 'functions',
    takes: '[pattern]',
    summary:
      'list the kernel functions that scenarios call and designs replace: arguments, file, releases, locks',
    load: () => import('./commands/checker/functions.ts'),
  },
  {
    name: 'geometry',
    takes: '',
    summary:
      'print the shape of the page tables, the kernel address space, and the tables that two regions share',
    load: () => import('./commands/machine/geometry.ts'),
  },
  {
    name: 'ir',
    takes: '',
    summary: "compile the C of a kernel tree to LLVM IR, for the commands that run the kernel's own code",
    load: () => import('./commands/source/ir.ts'),
  },
  {
    name: 'lab',
    takes: '',
    summary: 'serve the lab: stories, machines and the catalogue in a browser, with the model in it',
    load: () => import('./commands/program/lab.ts'),
  },
  {
    name: 'litmus',
    takes: '[file...]',
    summary: 'decide translation litmus tests: what TLBs, barriers and table walks allow',
    load: () => import('./commands/checker/litmus.ts'),
  },
  {
    name: 'record',
    takes: '[scenario]',
    summary: 'run a scenario on a real kernel under QEMU, which becomes a recording',
    load: () => import('./commands/recordings/record.ts'),
  },
  {
    name: 'replay',
    takes: '<token> [scenario]',
    summary: 'run one execution again from its token, without searching',
    load: () => import('./commands/checker/replay.ts'),
  },
  {
    name: 'reserved',
    takes: '',
    summary: 'print how users of PG_reserved treat each kind of page, before and after a change',
    load: () => import('./commands/machine/reserved.ts'),
  },
  {
    name: 'sections',
    takes: '[source]',
    summary: "print a machine's sections and sub-sections, like kmem -n of crash",
    load: () => import('./commands/machine/sections.ts'),
  },
  {
    name: 'why',
    takes: '[block]',
    summary: 'say whether memory blocks can be taken offline, and if not, what the kernel trips over first',
    load: () => import('./commands/answers/why.ts'),
  },
];

/** The command named by a command line: `mhp check B10`, `mhp help check`. */
function meant(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((arg) => !arg.startsWith('-'));
  return first === 'help' ? second : first;
}

/** Adds all commands to the program: the named command with its module, the others only as lines of the help. */
export async function addCommands(program: Command, args: readonly string[]): Promise<void> {
  const [first, second] = args;
  if (
    first === 'help' &&
    second !== undefined &&
    !second.startsWith('-') &&
    !COMMANDS.some(({ name }) => name === second)
  )
    throw new InputError('help', '', `${quote(second)} is no command`);
  program.configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` });
  for (const { name, takes, summary, load } of COMMANDS) {
    if (name === meant(args)) (await load()).define(program.command(name).description(summary), COMMANDS);
    else program.command(`${name} ${takes}`).description(summary);
  }
}
