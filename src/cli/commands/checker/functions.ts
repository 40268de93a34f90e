import { type Command, Option } from 'commander';
import { InputError, quote } from '../../../errors/input-error.ts';
import type { Arch } from '../../../geometry/sizes.ts';
import { mainline, type Release, releases } from '../../../releases/index.ts';
import { nearest } from '../../../releases/nearest.ts';
import { signature, signatureOf } from '../../../releases/signature.ts';
import {
  type FunctionRow,
  functionsJson,
  functionsMarkdown,
  functionsNames,
  functionsText,
} from '../../../report/tables/functions.ts';
import { wantedIn } from '../../../scenarios/interleaved/unlocked.ts';
import { functionCalls, listedFunctions } from '../../inputs/function-table.ts';
import { type NearestFlag, namedRelease, nearestOption } from '../../inputs/named-release.ts';
import { printNotes } from '../../inputs/notes.ts';

interface Flags extends NearestFlag {
  readonly release?: string;
  readonly arch?: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly names?: boolean;
}

const ARCHES: readonly Arch[] = ['arm64', 'x86_64'];

/** Defines `mhp functions`: the kernel functions that scenarios can call and designs replace. */
export function define(command: Command): void {
  nearestOption(command)
    .argument('[pattern]', 'a name, or a part of names with * for any characters; of one function, print all')
    .option('--release <name>', 'only functions that this release or series has, with its arguments')
    .option('--arch <arch>', 'only functions of arm64 or of x86_64')
    .option('--json', 'print JSON')
    .addOption(new Option('--markdown', 'print the page of the documentation').conflicts('json'))
    .addOption(
      new Option('--names', 'print the names alone, for the completion of a shell').conflicts([
        'json',
        'markdown',
      ]),
    )
    .action((pattern: string | undefined, flags: Flags) => {
      const release = flags.release === undefined ? null : releaseNamed(flags.release, flags);
      const rows = selected(pattern, allRows(release, archesNamed(flags.arch)));
      process.stdout.write(printed(flags, release, rows));
    });
}

function printed(flags: Flags, release: Release | null, rows: readonly FunctionRow[]): string {
  if (flags.json) return `${JSON.stringify(functionsJson(release?.name ?? null, rows), null, 2)}\n`;
  if (flags.markdown) return functionsMarkdown(rows);
  return flags.names ? functionsNames(rows) : functionsText(rows);
}

function releaseNamed(name: string, flags: Flags): Release {
  const { release, notes } = namedRelease('--release', name, flags);
  printNotes(notes);
  return release;
}

function archesNamed(arch: string | undefined): readonly Arch[] {
  if (arch === undefined) return ARCHES;
  const known = ARCHES.find((name) => name === arch);
  if (!known) throw new InputError('--arch', '', `${quote(arch)} is not one of ${ARCHES.join(', ')}`);
  return [known];
}

type Functions = Readonly<Record<string, ((...args: never[]) => unknown) | undefined>>;

const functionIn = (release: Release, arch: Arch, name: string): Functions[string] =>
  (release.functions(arch) as unknown as Functions)[name];

/** The releases that have the same variant of a function: "v5.2-v5.7", "v6.1+"; the series if no release has it. */
function variantsOf(name: string, arch: Arch): string[] {
  const variants = mainline.map((release) => functionIn(release, arch, name));
  const spans: string[] = [];
  for (let i = 0; i < variants.length; i++) {
    if (!variants[i]) continue;
    const first = i;
    while (i + 1 < variants.length && variants[i + 1] === variants[first]) i++;
    const from = mainline[first]!.name;
    spans.push(i === variants.length - 1 ? `${from}+` : i === first ? from : `${from}-${mainline[i]!.name}`);
  }
  if (spans.length > 0) return spans;
  const series = [...releases.values()].find((release) => functionIn(release, arch, name));
  return series ? [series.name] : [];
}

function allRows(release: Release | null, arches: readonly Arch[]): FunctionRow[] {
  const calls = functionCalls();
  return listedFunctions().flatMap(({ name, file }): FunctionRow[] => {
    const has = (one: Release): readonly Arch[] => arches.filter((arch) => functionIn(one, arch, name));
    const arch = release ? has(release) : arches.filter((one) => variantsOf(name, one).length > 0);
    if (arch.length === 0) return [];
    const own = release && signature(functionIn(release, arch[0]!, name)!.toString());
    const variants = [...new Set(arch.flatMap((one) => variantsOf(name, one)))];
    const { entries = [] } = calls[name] ?? {};
    const holds = wantedIn(release ?? mainline.at(-1)!, name);
    return [
      {
        name,
        args: (own ?? signatureOf(name, arch[0]!))?.names ?? null,
        file,
        arch,
        variants,
        holds,
        entries,
      },
    ];
  });
}

/** The rows of a name or pattern. @throws InputError if there is none */
function selected(pattern: string | undefined, rows: readonly FunctionRow[]): readonly FunctionRow[] {
  if (pattern === undefined) return rows;
  const exact = rows.filter(({ name }) => name === pattern);
  if (exact.length > 0) return exact;
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const wanted = new RegExp(parts.join('.*'));
  const found = rows.filter(({ name }) => wanted.test(name));
  if (found.length > 0) return found;
  const near = nearest(pattern.replaceAll('*', ''), new Set(rows.map(({ name }) => name)));
  const hint = near.length > 0 ? `; near it: ${near.join(', ')}` : '';
  throw new InputError('functions', '', `no function is named ${quote(pattern)}${hint}`);
}
