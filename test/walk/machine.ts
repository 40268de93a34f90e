import type { Prng } from '../../src/schedule/data/prng.ts';
import { canBeBuilt, GEOMETRIES } from '../tables.ts';

/** Machines for the walk: what a machine file says, as plain data. */

export interface DrawnMachine {
  readonly arch: 'arm64' | 'x86_64';
  readonly [key: string]: unknown;
}

const M = 2 ** 20;
const G = 2 ** 30;

interface Ram {
  readonly start: number;
  readonly size: number;
  readonly node?: number;
  readonly hotpluggable?: boolean;
}

/** RAM from an address on: whole and odd sizes, one node and two, with a gap, hot-pluggable. */
const LAYOUTS: readonly ((start: number) => readonly Ram[])[] = [
  (start) => [{ start, size: 2 * G }],
  (start) => [{ start, size: 1280 * M }],
  (start) => [{ start, size: 2 * G - 64 * M }],
  (start) => [
    { start, size: G },
    { start: start + G, size: G, node: 1 },
  ],
  (start) => [
    { start, size: 768 * M },
    { start: start + G, size: 768 * M, node: 1 },
  ],
  (start) => [
    { start, size: G },
    { start: start + G, size: G, node: 1, hotpluggable: true },
  ],
];

const BOOT_OPTIONS = [
  'movable_node',
  'memory_hotplug.memmap_on_memory=1',
  'memory_hotplug.online_policy=auto-movable',
  'memory_hotplug.auto_movable_ratio=100',
  'memhp_default_state=online',
  'memhp_default_state=online_movable',
] as const;
const ARM64_OPTIONS = ['rodata=off', 'debug_pagealloc=on', 'page_owner=on'] as const;

/** Mostly the block size that the kernel chooses, which is 2G from 64G of RAM on; else one that is asked for. */
const X86_BLOCKS = [undefined, undefined, undefined, 128 * M, 256 * M, G, 2 * G] as const;

function x86(prng: Prng): Record<string, unknown> {
  const ram = [...prng.pick(LAYOUTS)(prng.below(8) === 0 ? 512 * M : 0)];
  const large = prng.below(8) === 0;
  const block = prng.pick(X86_BLOCKS);
  const hypervisor = prng.below(6) === 0 ? 'hyperv' : undefined;
  return {
    arch: 'x86_64',
    ...(prng.below(3) === 0 ? { va_bits: 57 } : {}),
    ...(block === undefined ? {} : { block_size: block }),
    ...(hypervisor === undefined ? {} : { hypervisor }),
    ram: large ? [...ram, { start: 4 * G, size: 64 * G + prng.below(2) * 1792 * M }] : ram,
  };
}

function arm64(prng: Prng, release: string): Record<string, unknown> {
  const shapes = GEOMETRIES.filter(([page, vaBits]) => canBeBuilt(release, page, vaBits));
  const [page, vaBits] = prng.pick(shapes);
  return {
    arch: 'arm64',
    page_size: `${page}K`,
    va_bits: vaBits,
    ram: prng.pick(LAYOUTS)(prng.below(6) === 0 ? 2 * G : G),
  };
}

/** A machine on which a release boots. Node 1 may have no CPU, node 2 has nothing and appears with its first memory. */
export function drawMachine(
  prng: Prng,
  release: string,
  arch: 'arm64' | 'x86_64' = prng.pick(['arm64', 'x86_64']),
): DrawnMachine {
  const machine = arch === 'arm64' ? arm64(prng, release) : x86(prng);
  const options: string[] = [...BOOT_OPTIONS, ...(arch === 'arm64' ? ARM64_OPTIONS : [])].filter(
    () => prng.below(6) === 0,
  );
  return {
    ...machine,
    arch,
    ...(options.length ? { boot_options: options.join(' ') } : {}),
    ...(prng.below(4) === 0 ? { debug_vm: true } : {}),
    nodes: [{ node: 0, cpus: '0' }, { node: 1, cpus: prng.pick(['', '1']) }, { node: 2 }],
  };
}
