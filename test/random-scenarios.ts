import fc from 'fast-check';
import { stringify } from 'yaml';

/** A scenario as plain data, small enough to shrink. */

const BLOCKS = 8;

const nid = fc.constantFrom(0, 1, 2);
const at = fc.nat(BLOCKS - 1);
const length = fc.integer({ min: 1, max: 3 });
/** Occasionally a value that every kernel rejects. */
const odd = fc.oneof(
  { weight: 9, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(4096, 2 ** 26) },
);

const any = { expect: 'any' };

/**
 * Operations on the blocks from 4G on. DIMMs are in the upper half, so that no other operation removes their blocks.
 */
function operation(blockSize: number, modern: boolean) {
  const range = (first: number, blocks: number) => ({
    start: 2 ** 32 + first * blockSize,
    size: blocks * blockSize,
  });
  const block = fc.nat(2 * BLOCKS - 1).map((i) => `memory${2 ** 32 / blockSize + i}`);
  return fc.oneof(
    fc.tuple(at, length, nid, odd, odd).map(([first, blocks, node, skew, extra]) => {
      const { start, size } = range(first, blocks);
      return { add: { start: start + skew, size: size + extra, node, ...any } };
    }),
    fc
      .tuple(at, length, nid)
      .map(([first, blocks, node]) =>
        modern
          ? { add_driver_managed: { ...range(first, blocks), node, name: 'System RAM (kmem)', ...any } }
          : { add: { ...range(first, blocks), node, ...any } },
      ),
    fc.tuple(at, length).map(([first, blocks]) => ({ remove: { ...range(first, blocks), ...any } })),
    fc.tuple(at, length).map(([first, blocks]) => ({
      [modern ? 'offline_and_remove' : 'remove']: { ...range(first, blocks), ...any },
    })),
    block.map((blocks) => ({ online: { blocks, ...any } })),
    block.map((blocks) => ({ online_kernel: { blocks, ...any } })),
    block.map((blocks) => ({ online_movable: { blocks, ...any } })),
    block.map((blocks) => ({ offline: { blocks, ...any } })),
    fc.tuple(at, length, nid).map(([first, blocks, node]) => ({
      device_add: { id: `d${first}`, ...range(BLOCKS + first, blocks), node, ...any },
    })),
    at.map((first) => ({ device_del: { id: `d${first}`, ...any } })),
    fc.tuple(at, nid).map(([first, node]) => ({ pin: { ...range(first, 1), node, ...any } })),
    fc.constant({ unpin: {} }),
    fc
      .constantFrom(
        'memory_block',
        'mem_section_usage',
        'vmemmap_block',
        'vmemmap_populate',
        'memblock_double_array',
        'pgdat',
        'online_types',
      )
      .map((site) => ({ fail: { site } })),
    fc.constantFrom('offline', 'online', 'online_kernel', 'online_movable', 'bogus').map((value) => ({
      write: { path: '/sys/devices/system/memory/auto_online_blocks', value, ...any },
    })),
    fc.constantFrom('0', '-12').map((value) => ({
      write: {
        path: '/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_ONLINE/error',
        value,
        ...any,
      },
    })),
    fc.constantFrom('0', '-16').map((value) => ({
      write: {
        path: '/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_OFFLINE/error',
        value,
        ...any,
      },
    })),
  );
}

const machine = (arch: string) =>
  fc
    .record({
      arch: fc.constant(arch),
      ram: fc.constantFrom(
        [{ start: 0, size: '2G' }],
        [
          { start: '1G', size: '1G' },
          { start: '2G', size: '1G', node: 1 },
        ],
        [{ start: '512M', size: '1280M' }],
      ),
      boot_options: fc.constantFrom(
        '',
        'movable_node',
        'memory_hotplug.memmap_on_memory=1',
        'memhp_default_state=online',
      ),
      cpu_of_node1: fc.constantFrom('', '1'),
    })
    .map(({ cpu_of_node1, ...rest }) => ({
      ...rest,
      nodes: [{ node: 0, cpus: '0' }, { node: 1, cpus: cpu_of_node1 }, { node: 2 }],
    }));

/** The text of a random scenario for one release. */
export const randomScenario = (release: string) =>
  fc
    .constantFrom('x86_64', 'arm64')
    .chain((arch) => {
      const blockSize = arch === 'arm64' && GIGABYTE_SECTIONS.has(release) ? 2 ** 30 : 2 ** 27;
      return fc.record({
        machine: machine(arch),
        steps: fc.array(operation(blockSize, !BEFORE_V5_8.has(release)), { minLength: 1, maxLength: 14 }),
      });
    })
    .map((scenario) => stringify({ ...scenario, release }));

/** Releases without driver-managed memory and offline_and_remove_memory(). */
const BEFORE_V5_8 = new Set(['v5.2', 'v5.3', 'v5.4', 'v5.7']);

/** Releases before the 128M sections of arm64. */
const GIGABYTE_SECTIONS = new Set(['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10']);
