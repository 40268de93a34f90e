import type { Arch } from '../../src/geometry/sizes.ts';
import { configValue, type GuestKernel } from '../../src/record/kernel/guest-kernel.ts';
import { deviceOf } from '../../src/record/machine/devices.ts';
import { performerOf } from '../../src/record/steps/index.ts';
import type { ScenarioStep } from '../../src/scenarios/format/step-schema.ts';
import { pfnsOf, rangeOf } from '../../src/scenarios/steps/common/values.ts';
import type { Prng } from '../../src/schedule/data/prng.ts';
import type { StepName } from './here.ts';
import type { DrawnMachine } from './machine.ts';
import type { Terrain } from './walk.ts';

/** What QEMU can be for a kernel, and what `mhp record` can do there. */

const M = 2 ** 20;
const G = 2 ** 30;

/** Sizes of the nodes' RAM. Node 2 has none. */
const NODES: readonly (readonly number[])[] = [[2 * G], [1280 * M], [2 * G, G], [G, G], [768 * M, 768 * M]];
const OPTIONS = [
  'memory_hotplug.memmap_on_memory=1',
  'memory_hotplug.online_policy=auto-movable',
  'memhp_default_state=online_movable',
] as const;

function machineOf(prng: Prng, kernel: GuestKernel, pageSize: number): DrawnMachine {
  const { arch } = kernel;
  const sizes = prng.pick(NODES);
  let at = arch === 'arm64' ? G : 0;
  const ram = sizes.map((size, node) => {
    // q35 puts what is left of a node above 4G; here each node has a side of its own
    if (arch === 'x86_64' && node === 1) at = 4 * G;
    const start = at;
    at += size;
    return { start, size, node };
  });
  const options = OPTIONS.filter(() => prng.below(5) === 0);
  const bits = configValue(kernel, 'ARM64_VA_BITS');
  const wide = arch === 'x86_64' && prng.below(4) === 0 && configValue(kernel, 'X86_5LEVEL') !== 'n';
  return {
    arch,
    ...(arch === 'arm64' && { page_size: pageSize }),
    ...(arch === 'arm64' && bits !== null && { va_bits: Number(bits) }),
    ...(wide && { va_bits: 57 }),
    ...(options.length > 0 && { boot_options: options.join(' ') }),
    ram,
    // QEMU tells of a node that has CPUs or RAM, and on x86-64 of the last one
    nodes: [
      { node: 0, cpus: '0' },
      { node: 1, cpus: sizes.length > 1 ? prng.pick(['', '1']) : '1' },
      ...(arch === 'x86_64' ? [{ node: 2 }] : []),
    ],
  };
}

type Span = readonly [start: number, end: number];

const meet = ([a, b]: Span, [c, d]: Span): boolean => a < d && c < b;

/** The bytes that a step brings: of a device, or for add_memory(), which QEMU backs in another way. */
function brought(step: ScenarioStep): { readonly device: boolean; readonly span: Span } | null {
  const device = deviceOf(step);
  if (device !== null) return { device: true, span: [device.start, device.start + device.size] };
  if (step.kind !== 'add' && step.kind !== 'memremap') return null;
  const [start, size] = rangeOf(step.step);
  return { device: false, span: [start, start + size] };
}

/** Kinds that only look: every snapshot does. */
const LOOKS: ReadonlySet<StepName> = new Set(['expect', 'page', 'kpageflags']);
/** QEMU's virt, booted by device tree, has no slots for memory. */
const ACPI_ONLY: ReadonlySet<StepName> = new Set(['device_add', 'device_del', 'nvdimm', 'ndctl', 'daxctl']);

/** A program's pages are not those of the range that the step names. */
const ELSEWHERE: ReadonlySet<StepName> = new Set(['use']);

const performs = (
  kind: StepName,
  arch: Arch,
  kernel: GuestKernel,
  step: ScenarioStep['step'] | null,
): boolean => {
  const performer = performerOf(kind);
  if (typeof performer === 'string' || LOOKS.has(kind) || ELSEWHERE.has(kind)) return false;
  if (arch === 'arm64' && ACPI_ONLY.has(kind)) return false;
  if (step === null) return true;
  if (performer.refuses?.(step as never)) return false;
  return (performer.options?.(step as never, kernel) ?? []).every(
    (option) => configValue(kernel, option) !== 'n',
  );
};

export function qemuTerrain(kernel: GuestKernel, pageSize: number): Terrain {
  const { arch } = kernel;
  return {
    machine: (prng) => machineOf(prng, kernel, pageSize),
    has: (kind) => performs(kind, arch, kernel, null),
    takes(step, before, { kernel: { c }, state }) {
      const { kind } = step;
      if (!performs(kind, arch, kernel, step.step)) return false;
      // what is there before boot comes first, and its regions are numbered by address
      if (kind === 'nvdimm') {
        const others = before.map((one) => brought(one)!.span[1]);
        if (before.some((one) => one.kind !== 'nvdimm') || step.step.region !== before.length) return false;
        if (others.some((end) => end > rangeOf(step.step)[0])) return false;
      }
      if (kind === 'device_add' || kind === 'device_del') {
        const last = before.findLast(
          (one) => (one.kind === 'device_add' || one.kind === 'device_del') && one.step.id === step.step.id,
        );
        if ((kind === 'device_add') === (last?.kind === 'device_add')) return false;
      }
      // echo ends every value with a newline, and debugfs is another module's
      if (kind === 'write')
        return /^\S+$/.test(step.step.value) && !step.step.path.startsWith('/sys/kernel/debug/');
      // nothing answers a pin in ZONE_MOVABLE, and an eject that finds one does not end
      if (kind === 'pin') {
        const [first] = pfnsOf(step.step, c.PAGE_SIZE);
        return state.memory_block.has(Math.floor((first * c.PAGE_SIZE) / c.memory_block_size_bytes));
      }
      // a device tree does not tell of the node of a device
      if (kind === 'virtio_mem' && arch === 'arm64' && step.step.node !== 0) return false;
      const own = brought(step);
      if (own === null) return true;
      const unit = own.device ? 2 * M : c.PAGE_SIZE;
      if (own.span[0] % unit || own.span[1] % unit) return false;
      return before.every((one) => {
        const other = brought(one);
        return other === null || (!own.device && !other.device) || !meet(own.span, other.span);
      });
    },
  };
}
