import type { Command } from 'commander';

const quoted = (arg: string): string =>
  /^[\w.,/:=@%+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`;

/** A command as one would type it again, without the options of these names. */
export function commandLine(command: Command, without: readonly string[]): string {
  const options = command.options.flatMap((option): string[] => {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== 'cli' || without.includes(name)) return [];
    const value: unknown = command.getOptionValue(name);
    const flag = option.long ?? option.short!;
    if (typeof value === 'boolean') return value !== option.negate ? [flag] : [];
    return (Array.isArray(value) ? value : [value]).flatMap((one) => [flag, String(one)]);
  });
  return ['mhp', command.name(), ...command.args, ...options].map(quoted).join(' ');
}
