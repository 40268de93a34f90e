/** The build options of a kernel that the model takes into account, without CONFIG_, and what values they have. */
const OPTIONS = {
  ACPI_HOTPLUG_MEMORY: 'bool',
  ARCH_MEMORY_PROBE: 'bool',
  DEBUG_VM: 'bool',
  DEBUG_VM_PGFLAGS: 'bool',
  KFENCE: 'bool',
  KFENCE_SAMPLE_INTERVAL: 'int',
  MEMORY_HOTPLUG_DEFAULT_ONLINE: 'bool',
  MEMORY_HOTREMOVE: 'bool',
  MHP_DEFAULT_ONLINE_TYPE_OFFLINE: 'bool',
  MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO: 'bool',
  MHP_DEFAULT_ONLINE_TYPE_ONLINE_KERNEL: 'bool',
  MHP_DEFAULT_ONLINE_TYPE_ONLINE_MOVABLE: 'bool',
  MHP_MEMMAP_ON_MEMORY: 'bool',
  NODES_SHIFT: 'int',
  PTDUMP_DEBUGFS: 'bool',
  RODATA_FULL_DEFAULT_ENABLED: 'bool',
  ZONE_DEVICE: 'bool',
} as const;

type Options = typeof OPTIONS;
type Numeric = { [K in keyof Options]: Options[K] extends 'int' ? K : never }[keyof Options];

/** The largest values of numbers. */
const MOST: Readonly<Record<Numeric, number>> = { KFENCE_SAMPLE_INTERVAL: 999_999_999, NODES_SHIFT: 10 };
const isNumeric = (name: keyof Options): name is Numeric => Object.hasOwn(MOST, name);

type Value<T> = T extends 'bool' ? boolean : number;

/** Values of build options; one that is absent has the value that this model takes for usual. */
export type KernelOptions = { readonly [K in keyof Options]?: Value<Options[K]> };

export const KERNEL_OPTION_NAMES: readonly string[] = Object.keys(OPTIONS);

/** The name of a modelled option, with or without CONFIG_; undefined if it is not modelled. */
export function kernelOption(name: string): keyof Options | undefined {
  const bare = name.replace(/^CONFIG_/, '');
  return Object.hasOwn(OPTIONS, bare) ? (bare as keyof Options) : undefined;
}

/** The value of an option as a person or a .config writes it; undefined if it is none. */
export function optionValue(
  name: keyof Options,
  text: string | number | boolean,
): boolean | number | undefined {
  if (!isNumeric(name))
    return text === 'y' || text === true ? true : text === 'n' || text === false ? false : undefined;
  const n = typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : text;
  return typeof n === 'number' && Number.isInteger(n) && n >= 0 && n <= MOST[name] ? n : undefined;
}

/** The modelled options of a .config. Its other options and lines in no known form are passed over. */
export function parseKernelConfig(text: string): KernelOptions {
  const options: Record<string, boolean | number> = {};
  for (const line of text.split(/\r?\n/)) {
    const match = /^(?:CONFIG_(\w+)=(\S+)|# CONFIG_(\w+) is not set)$/.exec(line);
    const name = match && kernelOption(match[1] ?? match[3] ?? '');
    const value = name ? optionValue(name, match[2] ?? 'n') : undefined;
    if (name && value !== undefined) options[name] = value;
  }
  return options;
}
