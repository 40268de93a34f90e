import { Command, type Help } from 'commander';
import type { CommandRow } from '../command-row.ts';

/** The commands with their arguments and options, as they define themselves. */
export interface Described {
  /** "why", "plan add" */
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly options: readonly DescribedOption[];
  readonly arguments: readonly { readonly name: string; readonly description: string }[];
  /** What the help prints below the options. */
  readonly after: string;
}

export interface DescribedOption {
  readonly flags: string;
  readonly short: string | undefined;
  readonly long: string | undefined;
  readonly description: string;
  readonly takes: string | undefined;
}

const help: Pick<Help, 'visibleOptions'> = new Command().createHelp();

/** What addHelpText('after') prints. */
function afterOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), writeErr: (part) => (text += part) });
  command.outputHelp();
  const own = command.helpInformation();
  return text.startsWith(own) ? text.slice(own.length).trim() : '';
}

function one(command: Command, name: string): Described[] {
  const described: Described = {
    name,
    summary: command.description(),
    usage: command.usage(),
    options: help.visibleOptions(command).map(({ flags, short, long, description, required, optional }) => ({
      flags,
      short: short ?? undefined,
      long: long ?? undefined,
      description,
      takes: required || optional ? /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] : undefined,
    })),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      description: argument.description,
    })),
    after: afterOf(command),
  };
  return [described, ...command.commands.flatMap((below) => one(below, `${name} ${below.name()}`))];
}

/** All commands, in the order of their rows. */
export async function describedCommands(all: readonly CommandRow[]): Promise<Described[]> {
  const found: Described[] = [];
  for (const { name, summary, load } of all) {
    const command = new Command('mhp').command(name).description(summary);
    (await load()).define(command, all);
    found.push(...one(command, name));
  }
  return found;
}
