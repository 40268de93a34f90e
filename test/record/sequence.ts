/**
 * Prints a random scenario on a machine that QEMU can be, for `mhp record`:
 * `npx tsx test/record/sequence.ts SEED x86_64|arm64 [STEPS] [PAGE_SIZE]`.
 */

const M = 2 ** 20;
const G = 2 ** 30;

/** mulberry32 */
function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Range {
  readonly id: string | null;
  readonly start: number;
  readonly size: number;
  readonly node: number;
}

const hex = (n: number): string => `0x${n.toString(16)}`;

export function sequence(seed: number, arch: 'x86_64' | 'arm64', count: number, pageSize: number): string {
  const next = random(seed);
  const below = (n: number): number => Math.floor(next() * n);
  const pick = <T>(all: readonly T[]): T => all[below(all.length)]!;
  const block = pageSize === 65_536 ? 512 * M : 128 * M;
  // DIMMs and add_memory() have ranges of their own: memory lies behind both
  const [dimms, adds] = arch === 'x86_64' ? [5 * G, 16 * G] : [0, 4 * G];
  const there: Range[] = [];
  const steps: string[] = [];
  let plugs = 0;
  let pins = 0;
  const freeRange = (base: number, size: number): number => {
    const at = base + below(24) * block;
    return there.some((one) => one.start < at + size && at < one.start + one.size) && next() < 0.8 ? -1 : at;
  };
  const blockOf = (range: Range): number =>
    Math.floor(range.start / block) + below(Math.max(1, Math.floor(range.size / block)));
  const blocks = (range: Range): string => {
    const first = blockOf(range);
    const last = Math.min(first + below(3), Math.floor((range.start + range.size) / block) - 1);
    return last > first ? `${first}..${last}` : String(first);
  };
  const sizeOf = (): number => (next() < 0.85 ? (1 + below(6)) * block : (1 + below(6)) * (block / 2));
  const kinds: readonly (readonly [weight: number, () => string | null])[] = [
    [
      arch === 'x86_64' ? 14 : 0,
      () => {
        const size = sizeOf();
        const start = freeRange(dimms, size);
        if (start < 0) return null;
        const range = { id: `dimm${plugs++}`, start, size, node: below(3) };
        there.push(range);
        return `device_add: {id: ${range.id}, start: ${hex(start)}, size: ${hex(size)}, node: ${range.node}, expect: any}`;
      },
    ],
    [
      arch === 'x86_64' ? 10 : 0,
      () => {
        const own = there.filter(({ id }) => id !== null);
        if (own.length === 0) return null;
        const range = pick(own);
        if (next() < 0.8) there.splice(there.indexOf(range), 1);
        return `device_del: {id: ${range.id}, expect: any}`;
      },
    ],
    [
      arch === 'x86_64' ? 6 : 14,
      () => {
        const size = sizeOf();
        const start = freeRange(adds, size);
        if (start < 0) return null;
        const range = { id: null, start, size, node: below(2) };
        there.push(range);
        return `add: {start: ${hex(start)}, size: ${hex(size)}, node: ${range.node}, expect: any}`;
      },
    ],
    [
      arch === 'x86_64' ? 6 : 12,
      () => {
        const own = there.filter(({ id }) => id === null);
        if (own.length === 0) return null;
        const range = pick(own);
        const part =
          next() < 0.4 && range.size > block && range.size % block === 0 && range.start % block === 0;
        const kind = next() < 0.5 ? 'remove' : 'offline_and_remove';
        if (!part) {
          there.splice(there.indexOf(range), 1);
          return `${kind}: {start: ${hex(range.start)}, size: ${hex(range.size)}, expect: any}`;
        }
        return `${kind}: {start: ${hex(blockOf(range) * block)}, size: ${hex(block)}, expect: any}`;
      },
    ],
    [
      28,
      () => {
        if (there.length === 0) return null;
        return `${pick(['online', 'online_movable', 'online_movable', 'online_kernel'])}: {blocks: ${blocks(pick(there))}, expect: any}`;
      },
    ],
    [14, () => (there.length === 0 ? null : `offline: {blocks: ${blocks(pick(there))}, expect: any}`)],
    [
      4,
      () => {
        if (there.length === 0 || pins > 1) return null;
        const range = pick(there);
        pins++;
        return `pin: {start: ${hex(blockOf(range) * block)}, size: ${hex(block)}, node: ${range.node}, expect: any}`;
      },
    ],
    [
      4,
      () => {
        if (pins === 0) return null;
        pins = 0;
        return 'unpin:';
      },
    ],
    [
      4,
      () =>
        `write: {path: /sys/devices/system/memory/auto_online_blocks, value: ${pick(['online', 'offline', 'online_kernel', 'online_movable', 'off'])}, expect: any}`,
    ],
    [
      2,
      () =>
        `write: {path: /sys/module/memory_hotplug/parameters/online_policy, value: ${pick(['auto-movable', 'contig-zones', 'nothing'])}, expect: any}`,
    ],
  ];
  const total = kinds.reduce((sum, [weight]) => sum + weight, 0);
  while (steps.length < count) {
    let left = next() * total;
    const [, make] = kinds.find(([weight]) => {
      left -= weight;
      return left < 0;
    })!;
    const step = make();
    if (step !== null) steps.push(`  - ${step}`);
  }
  const machine =
    arch === 'x86_64'
      ? `  arch: x86_64
  ram:
    - {start: 0, size: 2G, node: 0}
    - {start: 4G, size: 1G, node: 1}
  nodes: [{node: 0, cpus: "0"}, {node: 1, cpus: "1"}, {node: 2}]`
      : `  arch: arm64
  page_size: ${pageSize}
  ram:
    - {start: 1G, size: 1G, node: 0}
    - {start: 2G, size: 1G, node: 1}
  nodes: [{node: 0, cpus: "0"}, {node: 1, cpus: "1"}]`;
  return `title: random sequence ${seed}\nmachine:\n${machine}\nsteps:\n${steps.join('\n')}\n`;
}

if (process.argv[1]?.endsWith('sequence.ts')) {
  const [seed, arch, count = '14', page = '4096'] = process.argv.slice(2);
  process.stdout.write(
    sequence(Number(seed), arch === 'arm64' ? 'arm64' : 'x86_64', Number(count), Number(page)),
  );
}
