import { mainline } from '../../releases/index.ts';
import { LS_COLUMNS } from '../../report/blocks/lsmem.ts';
import type { Described, DescribedOption } from './described.ts';

/** Completion of command lines, made from the commands: names, options, releases, columns, blocks, scenarios, files. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** In the words of all three shells. */
const BLOCKS = 'ls /sys/devices/system/memory 2>/dev/null | grep "^memory[0-9]"';

/** The words that an option takes; null for files and what cannot be listed. */
function valuesOf({ long, description, takes }: DescribedOption): readonly string[] | null {
  if (takes === undefined) return [];
  if (long === '--release' || long === '--kernel') return mainline.map(({ name }) => name);
  if (long === '--output' && /columns/.test(description)) return LS_COLUMNS;
  if (long === '--split') return [...LS_COLUMNS, 'none'];
  if (long === '--arch') return ['x86_64', 'arm64'];
  if (long === '--page-size') return ['4K', '16K', '64K'];
  if (long === '--policy') return ['offline', 'online', 'online_kernel', 'online_movable'];
  const named = /^[\w-]+(?:, [\w-]+)+$/.exec(description)?.[0];
  return named ? named.split(', ') : null;
}

/** Commands whose arguments are scenarios: ids of the catalogue, or files. */
const takesScenarios = ({ name }: Described): boolean => name === 'check';

const takesBlocks = ({ name }: Described): boolean => name === 'why' || name === 'plan remove';

const flagsOf = ({ options }: Described): string[] =>
  options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined));

function bash(commands: readonly Described[], ids: readonly string[]): string {
  const top = commands.filter(({ name }) => !name.includes(' ')).map(({ name }) => name);
  const cases = commands.map((command) => {
    const values = command.options.flatMap((option) => {
      const words = valuesOf(option);
      const flags = [option.short, option.long].filter((flag) => flag !== undefined).join('|');
      if (option.takes === undefined) return [];
      return words === null
        ? `      ${flags}) COMPREPLY=($(compgen -f -- "$cur")); return;;`
        : `      ${flags}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur")); return;;`;
    });
    const below = commands
      .filter(({ name }) => name.startsWith(`${command.name} `))
      .map(({ name }) => name.slice(command.name.length + 1));
    const rest = takesBlocks(command)
      ? `COMPREPLY=($(compgen -W "$(${BLOCKS})" -- "$cur"))`
      : takesScenarios(command)
        ? `COMPREPLY=($(compgen -W '${ids.join(' ')}' -- "$cur") $(compgen -f -- "$cur"))`
        : below.length > 0
          ? `COMPREPLY=($(compgen -W '${below.join(' ')}' -- "$cur"))`
          : 'COMPREPLY=($(compgen -f -- "$cur"))';
    return [
      `    '${command.name}')`,
      '      case $prev in',
      ...values,
      '      esac',
      `      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${flagsOf(command).join(' ')}' -- "$cur")); else ${rest}; fi;;`,
    ].join('\n');
  });
  const two = [
    ...new Set(commands.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0])),
  ];
  return `# bash completion of mhp: source <(mhp completion bash)
_mhp() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then COMPREPLY=($(compgen -W '${[...top, 'help'].join(' ')}' -- "$cur")); return; fi
  case $command in ${two.join('|')}) (( COMP_CWORD > 2 )) && command="$command \${COMP_WORDS[2]}";; esac
  case $command in
${cases.join('\n')}
    *) COMPREPLY=($(compgen -f -- "$cur"));;
  esac
}
complete -o filenames -F _mhp mhp
`;
}

const quoted = (text: string): string => text.replaceAll("'", "'\\''");

function zsh(commands: readonly Described[], ids: readonly string[]): string {
  const top = commands.filter(({ name }) => !name.includes(' '));
  const cases = top.map((command) => {
    const inner = commands.filter(({ name }) => name.startsWith(`${command.name} `));
    const all = new Map([command, ...inner].flatMap(({ options }) => options.map((one) => [one.flags, one])));
    const options = [...all.values()].map((option) => {
      const words = valuesOf(option);
      const value =
        option.takes === undefined
          ? ''
          : words === null
            ? `:${option.takes}:_files`
            : `:${option.takes}:(${words.join(' ')})`;
      const about = quoted(option.description.replaceAll(/[[\]:]/g, ' '));
      return [option.short, option.long]
        .filter((flag) => flag !== undefined)
        .map((flag) => `'${flag}[${about}]${value}'`)
        .join(' ');
    });
    const below = commands
      .filter(({ name }) => name.startsWith(`${command.name} `))
      .map(({ name }) => name.split(' ')[1]);
    const rest = takesBlocks(command)
      ? `'*:block:($(${BLOCKS}))'`
      : takesScenarios(command)
        ? `'*:scenario: _alternative "ids:scenario:(${ids.join(' ')})" "files:file:_files"'`
        : below.length > 0
          ? `'1:command:(${below.join(' ')})' '*:file:_files'`
          : "'*:file:_files'";
    return `    ${command.name}) _arguments ${[...options, rest].join(' ')};;`;
  });
  return `#compdef mhp
# zsh completion of mhp: mhp completion zsh > "\${fpath[1]}/_mhp"
_mhp() {
  if (( CURRENT == 2 )); then
    local -a commands=(${top.map(({ name, summary }) => `'${name}:${quoted(summary.replaceAll(':', ' '))}'`).join(' ')})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
${cases.join('\n')}
    *) _files;;
  esac
}
compdef _mhp mhp
`;
}

function fish(commands: readonly Described[], ids: readonly string[]): string {
  const lines = ['# fish completion of mhp: mhp completion fish > ~/.config/fish/completions/mhp.fish'];
  for (const { name, summary } of commands) {
    const [first, second] = name.split(' ');
    if (second === undefined)
      lines.push(`complete -c mhp -n __fish_use_subcommand -f -a ${first} -d '${quoted(summary)}'`);
    else
      lines.push(
        `complete -c mhp -n '__fish_seen_subcommand_from ${first}' -f -a ${second} -d '${quoted(summary)}'`,
      );
  }
  for (const command of commands) {
    const when = `-n '__fish_seen_subcommand_from ${command.name.split(' ').at(-1)}'`;
    for (const option of command.options) {
      const words = valuesOf(option);
      const flags = [
        ...(option.short ? [`-s ${option.short.slice(1)}`] : []),
        ...(option.long ? [`-l ${option.long.slice(2)}`] : []),
      ].join(' ');
      const value = option.takes === undefined ? '' : words === null ? ' -r' : ` -x -a '${words.join(' ')}'`;
      lines.push(`complete -c mhp ${when} ${flags}${value} -d '${quoted(option.description)}'`);
    }
    if (takesScenarios(command)) lines.push(`complete -c mhp ${when} -a '${ids.join(' ')}'`);
    if (takesBlocks(command)) lines.push(`complete -c mhp ${when} -f -a '(${quoted(BLOCKS)})'`);
  }
  return `${lines.join('\n')}\n`;
}

type Maker = (commands: readonly Described[], ids: readonly string[]) => string;

const MAKERS: Readonly<Record<Shell, Maker>> = { bash, zsh, fish };

/** @param ids of the scenarios that come with the program */
export const completion = (
  shell: Shell,
  commands: readonly Described[],
  ids: readonly string[] = [],
): string => MAKERS[shell](commands, ids);
