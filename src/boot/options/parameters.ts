import { kstrtobool, kstrtoul } from '../../kernel/lib/kstrtox.ts';
import { online_policies } from '../../kernel/mm/memory_hotplug/zone_for_pfn_range.ts';
import type { ReleaseConstants } from '../../releases/define.ts';

/** Parameters of memory_hotplug as the boot options set them. */
export interface Parameters {
  /** By name, as the kernel's file shows them; absent where no valid option is given. */
  readonly values: Readonly<Record<string, string>>;
  /** What the kernel says of values that it does not take. */
  readonly notes: readonly string[];
}

type ParameterConstants = Pick<ReleaseConstants, 'MEMMAP_ON_MEMORY_FORCE' | 'KSTRTOBOOL_ENABLE'>;

const YES = { true: 'Y', false: 'N' } as const;

/** The value as its file shows it; null if the parameter's set function refuses it. `undefined`: no `=` was given. */
function taken(name: string, value: string | undefined, constants: ParameterConstants): string | null {
  const force = constants.MEMMAP_ON_MEMORY_FORCE;
  switch (name) {
    case 'memmap_on_memory':
      if (force && /^(force|FORCE)$/.test(value ?? '')) return 'force';
      // a bool until v6.5; its own function since, which is not called without a value
      return bool(value ?? (force ? '' : '1'), constants);
    case 'auto_movable_numa_aware':
      return bool(value ?? '1', constants);
    case 'auto_movable_ratio': {
      const ratio = kstrtoul(value ?? '');
      return ratio !== null && ratio <= 0xffffffff ? String(ratio) : null;
    }
    case 'online_policy':
      return online_policies.find((policy) => policy === value) ?? null;
    default:
      return value ?? '';
  }
}

function bool(text: string, constants: ParameterConstants): string | null {
  const value = kstrtobool(text, constants);
  return value === null ? null : YES[`${value}`];
}

/**
 * The words `memory_hotplug.NAME=VALUE` of a command line, the last valid one for each parameter that the release has
 * (kernel/params.c; `-` and `_` are the same in names).
 */
export function memoryHotplugParameters(
  words: readonly string[],
  constants: ParameterConstants & Pick<ReleaseConstants, 'memory_hotplug_parameters'>,
): Parameters {
  const values: Record<string, string> = {};
  const notes: string[] = [];
  for (const word of words) {
    const [, given = '', name = '', value] = /^(memory[-_]hotplug\.([^=]*))(?:=(.*))?$/s.exec(word) ?? [];
    const parameter = name.replaceAll('-', '_');
    if (!constants.memory_hotplug_parameters.includes(parameter)) continue;
    const text = value?.replace(/^"(.*)"$/s, '$1');
    const set = taken(parameter, text, constants);
    if (set === null) notes.push(`Booting kernel: \`${text ?? ''}' invalid for parameter \`${given}'`);
    else values[parameter] = set;
    // kstrtobool() looks at the f alone
    if (set === 'N' && /^force$/i.test(text ?? '')) notes.push(`boot option ${word} is read as N`);
  }
  return { values, notes };
}
