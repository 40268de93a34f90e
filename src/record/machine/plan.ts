import { dirname, join } from 'node:path';
import type { Machine } from '../../machines/machine.ts';
import type { ScenarioStep } from '../../scenarios/format/step-schema.ts';
import { configValue, type GuestKernel } from '../kernel/guest-kernel.ts';
import { FIRMWARE_PACKAGE, firmware, packageOf, programPath } from '../qemu/process.ts';
import { performerOf } from '../steps/index.ts';
import { scriptPath } from '../steps/script.ts';
import { type MachineOptions, type QemuMachine, qemuMachine } from './qemu-machine.ts';

/** What would be done, and what cannot be. */

export interface LeftOut {
  /** From 0. */
  readonly step: number;
  readonly kind: string;
  readonly why: string;
}

export interface MissingOption {
  /** A build option without CONFIG_, or several of which one would do. */
  readonly option: string;
  readonly why: string;
}

export interface Plan {
  readonly machine: QemuMachine;
  /** The steps that are performed, with their numbers from 0. */
  readonly steps: readonly (readonly [number: number, step: ScenarioStep])[];
  readonly left_out: readonly LeftOut[];
  /** Build options that every guest needs and the kernel lacks. */
  readonly missing: readonly MissingOption[];
  /** Build options that were looked for and are there, with their values. */
  readonly found: readonly (readonly [option: string, value: string])[];
  /** Whether the kernel's config is known. */
  readonly config_known: boolean;
  /** Modules to be loaded before the first step. */
  readonly modules: readonly string[];
  /** Debian packages whose programs the guest needs. */
  readonly packages: readonly string[];
  /** Scripts that steps run, by their paths in the guest. */
  readonly scripts: ReadonlyMap<string, string>;
  /** Packages to install on the host. */
  readonly install: readonly string[];
}

/** What a guest needs to run at all. */
const NEEDED: readonly (readonly [option: string, why: string])[] = [
  ['BLK_DEV_INITRD', 'the programs of the guest come in an initramfs'],
  ['BINFMT_ELF', 'programs'],
  ['BINFMT_SCRIPT', '/init is a script'],
  ['DEVTMPFS', 'device nodes'],
  ['PROC_FS', '/proc'],
  ['SYSFS', '/sys'],
  ['TMPFS', '/tmp'],
  ['PCI', 'the channel to the guest'],
  ['VIRTIO_PCI', 'the channel to the guest'],
  ['VIRTIO_CONSOLE', 'the channel to the guest'],
  ['MEMORY_HOTPLUG', 'what is recorded'],
  ['SPARSEMEM_VMEMMAP', 'the model has no other memory model'],
];
const CONSOLES = { x86_64: 'SERIAL_8250_CONSOLE', arm64: 'SERIAL_AMBA_PL011_CONSOLE' } as const;

/** What an arm64 guest with DIMMs or NVDIMMs needs. */
const NEEDED_BY_EFI: typeof NEEDED = [
  ['EFI_STUB', 'the firmware starts the kernel'],
  ['ACPI_NUMA', 'the nodes'],
  ['ACPI_TABLE_UPGRADE', 'the nodes'],
];

const has = (kernel: GuestKernel, option: string): boolean =>
  option.split('|').some((one) => ['y', 'm', null].includes(configValue(kernel, one)));

/** Modules of the channel to the guest. */
const CHANNEL = ['virtio_pci', 'virtio_console'];

/**
 * Plans a recording.
 * @throws InputError if QEMU or the kernel cannot be the machine
 */
export function planOf(
  machine: Machine,
  steps: readonly ScenarioStep[],
  kernel: GuestKernel,
  options: MachineOptions,
): Plan {
  const left: LeftOut[] = [];
  const kept: [number, ScenarioStep][] = [];
  const found = new Map<string, string>();
  const modules = new Set(CHANNEL);
  const packages = new Set<string>();
  const scripts = new Map<string, string>();
  const look = (option: string): boolean => {
    const value = configValue(kernel, option);
    if (value === 'y' || value === 'm') found.set(option, value);
    return value !== 'n';
  };
  for (const [step, { kind, step: data }] of steps.entries()) {
    const performer = performerOf(kind);
    const refusal = typeof performer === 'string' ? performer : (performer.refuses?.(data as never) ?? null);
    if (typeof performer === 'string' || refusal !== null) {
      left.push({ step, kind, why: refusal! });
      continue;
    }
    const lacks = (performer.options?.(data as never, kernel) ?? []).filter((option) => !look(option));
    if (lacks.length > 0) {
      left.push({ step, kind, why: `the kernel is built without ${lacks.join(', ')}` });
      continue;
    }
    for (const name of performer.modules?.(data as never) ?? []) modules.add(name);
    for (const name of performer.packages?.(data as never) ?? []) packages.add(name);
    if (kind === 'script') scripts.set(scriptPath(data.file), join(dirname(machine.source), data.file));
    kept.push([step, steps[step]!]);
  }
  const plan = qemuMachine(
    machine,
    kept.map(([, step]) => step),
    kernel,
    options,
  );
  const needed = [
    ...NEEDED,
    [CONSOLES[kernel.arch], "the guest's console"] as const,
    ...(plan.srat === null ? [] : NEEDED_BY_EFI),
  ];
  const missing = needed.flatMap(([option, why]) => (has(kernel, option) ? [] : [{ option, why }]));
  for (const [option] of needed) if (!option.includes('|')) look(option);
  const programs = [plan.program, 'setpriv'];
  return {
    machine: plan,
    steps: kept,
    left_out: left,
    missing,
    found: [...found].sort(([a], [b]) => (a < b ? -1 : 1)),
    config_known: kernel.config !== null,
    modules: [...modules],
    packages: [...packages],
    scripts,
    install: [
      ...programs.filter((program) => programPath(program) === null).map(packageOf),
      ...(plan.srat !== null && firmware() === undefined ? [FIRMWARE_PACKAGE] : []),
    ],
  };
}
