/**
 * Records the operations of recordings again, on kernels of Debian, and holds each new recording against the old one and the
 * model: `npx tsx test/record/again.ts DIR [ARCHIVE=KERNEL…]`. A recording that is in DIR is not made again. Writes the rows to
 * DIR/table.md; docs/recorded-again.md has them.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { Planner, subjectOf } from '../../src/cli/recorder/prepare.ts';
import { conform } from '../../src/conform/replay-recording.ts';
import { UserError } from '../../src/errors/user-error.ts';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import type { Op, UnreadOp } from '../../src/machines/recording/ops.ts';
import type { Recording } from '../../src/machines/recording/recording.ts';
import type { FileTree } from '../../src/machines/sources/tree.ts';
import { parseSize } from '../../src/machines/text/size.ts';
import { PrivateDir } from '../../src/record/guest/private-dir.ts';
import { userland } from '../../src/record/guest/userland.ts';
import { record } from '../../src/record/record.ts';

const G = 2 ** 30;

/** What is recorded again, and on which kernel; docs/recorded-again.md says why not the others. */
const ARCHIVES: Readonly<Record<string, string>> = {
  'x86_64-6.1-misaligned': 'debian:6.1',
  'x86_64-6.12-misaligned': 'debian:6.12',
  'x86_64-6.1-memmap-on-memory': 'debian:6.1',
  'x86_64-6.1-hwpoison': 'debian:6.1',
  'x86_64-6.1-virtio-mem-2M': 'debian:6.1',
  'x86_64-6.1-dimm-movable': 'debian:6.1',
  'x86_64-6.1-e820-pmem': 'debian:6.1',
  'x86_64-6.1-kmem': 'debian:6.1',
  'x86_64-6.1-gigantic': 'debian:6.1',
  'x86_64-6.1-pmem': 'debian:6.1',
  'x86_64-6.1-holes': 'debian:6.1',
  'arm64-6.1-split-rooff61': 'debian:6.1',
  'arm64-6.1-mmom61': 'debian:6.1',
  'arm64-6.1-full61': 'debian:6.1',
  'x86_64-6.1-dimm': 'debian:6.1',
  'x86_64-6.1-random-1': 'debian:6.1',
  'arm64-6.1-4k': 'debian:6.1',
  'arm64-6.12-16k-va52': 'debian:6.12',
};

type Step = Readonly<Record<string, unknown>>;

interface Again {
  /** YAML. */
  readonly scenario: string;
  readonly steps: readonly Step[];
  /** The old operation of each step; undefined for what describes the machine. */
  readonly ops: readonly (Op | undefined)[];
  /** How many steps make one step of the recording. */
  readonly together: readonly number[];
  /** What is not done, with the reason. */
  readonly left: readonly string[];
}

const hex = (n: number): string => `0x${n.toString(16)}`;

/** Nodes of QEMU's command line: -numa node,nodeid=0,cpus=0,memdev=m0 and the sizes of memory backends. */
function machineOf({ ops, tree }: Recording): Readonly<Record<string, unknown>> {
  const line = (tree.readText('qemu-cmdline.txt') ?? '').replace(/\\\n\s*/g, ' ');
  const sizes = new Map(
    [...line.matchAll(/memory-backend-\w+,id=([\w-]+),size=(\w+)/g)].map(([, id, size]) => [
      id!,
      parseSize(size!)!,
    ]),
  );
  const nodes = [...line.matchAll(/-numa\s+node,(\S+)/g)].map(([, options]) => {
    const of = Object.fromEntries(options!.split(',').map((one) => one.split('=')));
    return { node: Number(of.nodeid), cpus: of.cpus as string | undefined, size: sizes.get(of.memdev) ?? 0 };
  });
  const isArm = ops.arch === 'arm64';
  const total = nodes.reduce((sum, { size }) => sum + size, 0);
  // hw/i386/pc_q35.c: RAM below 4G
  const low = total >= 0xb0000000 ? 2 * G : total;
  let at = 0;
  const ram: Step[] = [];
  for (const { node, size } of nodes)
    for (let left = size; left > 0; ) {
      const part = isArm || at >= low ? left : Math.min(left, low - at);
      ram.push({ start: hex(isArm ? G + at : at < low ? at : 4 * G + at - low), size: hex(part), node });
      [left, at] = [left - part, at + part];
    }
  const own = (ops.cmdline ?? '').replace(/\s*\bdyndbg="[^"]*"/, '');
  const options = own
    .split(/\s+/)
    .filter(
      (word) =>
        !/^(console|initrd|mitigations|panic|oops|loglevel|log_buf_len)=|^(nokaslr|no5lvl|nopti)$/.test(word),
    )
    .join(' ');
  return {
    arch: ops.arch,
    ...(isArm && { page_size: ops.page_size }),
    ram,
    // a device tree tells of no node without CPU and RAM
    nodes: nodes
      .filter(({ cpus, size }) => !isArm || cpus !== undefined || size > 0)
      .map(({ node, cpus }) => ({ node, ...(cpus !== undefined && { cpus }) })),
    ...(options !== '' && { boot_options: options }),
  };
}

/** The number of the region at an address. */
function regionAt({ steps: [boot] }: Recording, address: number): number | undefined {
  for (const bus of [
    'devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0',
    'devices/platform/e820_pmem/ndbus0',
  ])
    for (const name of boot?.tree.list(`sys/${bus}`) ?? []) {
      const text = boot?.tree.readText(`sys/${bus}/${name}/resource`);
      if (/^region\d+$/.test(name) && Number(text) === address) return Number(name.slice(6));
    }
  return undefined;
}

/** Where the last memory block of a node begins, which may be plugged memory. */
function blockOf(tree: FileTree, nid: number): number | undefined {
  const size = Number.parseInt(tree.readText('sys/devices/system/memory/block_size_bytes') ?? '', 16);
  const ids = (tree.list(`sys/devices/system/node/node${nid}`) ?? []).flatMap((name) => {
    const id = /^memory(\d+)$/.exec(name)?.[1];
    return id === undefined ? [] : [Number(id)];
  });
  return ids.length === 0 || Number.isNaN(size) ? undefined : Math.max(...ids) * size;
}

/** The operations as a scenario. On arm64 add_memory() stands for a DIMM: Debian's kernels have no ACPI_HOTPLUG_MEMORY there. */
function again(recording: Recording): Again {
  const { arch } = recording.ops;
  const steps: Step[] = [];
  const ops: (Op | undefined)[] = [];
  const together: number[] = [];
  const left: string[] = [];
  const dimms = new Map<string, { start: number; size: number }>();
  const virtio: { readonly id: string; readonly step: Step }[] = [];
  const mapped = new Map<number, number>();
  const any = { expect: 'any' };
  const stepOf = (op: Op, before: FileTree): Step | string | null => {
    switch (op.op) {
      case 'use_memory': {
        const start = blockOf(before, op.node ?? 0);
        if (start === undefined || op.mib === null || op.kind === 'device') return op.op;
        return {
          use: { start, size: op.mib * 2 ** 20, as: op.kind.startsWith('huge') ? 'hugepage' : 'movable' },
        };
      }
      case 'stop_using':
        return { use: { start: 0, size: 2 ** 46, as: 'free' } };
      case 'observe':
        return null;
      case 'write':
        return { write: { path: op.path, value: op.value, ...any } };
      case 'add_memory':
        return { add: { node: op.nid, start: op.start, size: op.size, flags: op.flags, ...any } };
      case 'remove_memory':
        return { remove: { start: op.start, size: op.size, ...any } };
      case 'offline_and_remove_memory':
        return { offline_and_remove: { start: op.start, size: op.size, ...any } };
      case 'pin':
        return { pin: { node: op.nid, start: op.start, size: op.size, ...any } };
      case 'unpin':
        return { unpin: {} };
      case 'ndctl':
      case 'daxctl':
        return { [op.op]: { run: op.argv.join(' '), ...any } };
      case 'memremap_pages':
        mapped.set(op.start, op.size);
        return { memremap: { node: op.nid, start: op.start, size: op.size, ...any } };
      case 'memunmap_pages':
        return { memunmap: { start: op.start, size: mapped.get(op.start) ?? op.start, ...any } };
      case 'virtio_mem_request':
        return {
          virtio_mem_request: { device: virtio.findIndex(({ id }) => id === op.id), size: op.size, ...any },
        };
      case 'module': {
        if (op.name.replaceAll('-', '_') !== 'virtio_mem') return `module ${op.name}`;
        const [device] = virtio;
        if (device === undefined) return `module ${op.name}: no device`;
        return op.action === 'load' ? device.step : { virtio_mem_remove: { device: 0, ...any } };
      }
      case 'device_del': {
        const dimm = dimms.get(op.id);
        if (arch === 'x86_64') return { device_del: { id: op.id, ...any } };
        return dimm ? { offline_and_remove: { ...dimm, ...any } } : `${op.op} ${op.id}`;
      }
      case 'device_add': {
        const { id, addr: start, size, node } = op;
        if (start === null) return `device_add ${id} without an address`;
        if (op.kind === 'virtio-mem') {
          const block = op.block_size === undefined ? {} : { block: op.block_size };
          virtio.push({
            id,
            step: { virtio_mem: { device: virtio.length, start, size, node, ...block, ...any } },
          });
          return op.cold_plugged ? null : virtio.at(-1)!.step;
        }
        if (op.kind === 'nvdimm') {
          const region = regionAt(recording, start);
          if (op.cold_plugged && region !== undefined)
            return { nvdimm: { region, start, size, node, labels: op.label_size !== undefined } };
          return { device_add: { id, start, size, node, kind: 'nvdimm', ...any } };
        }
        dimms.set(id, { start, size });
        if (arch === 'x86_64')
          return {
            device_add: { id, start, size, node, ...any, ...(op.cold_plugged && { cold_plugged: true }) },
          };
        return { add: { node, start, size, flags: 0, ...any } };
      }
      default:
        return op.op;
    }
  };
  const told = (op: Op | UnreadOp): string =>
    op.op === 'use_memory' ? `use_memory ${op.kind} ${op.mib}M` : op.op;
  for (const [i, { ops: own, tree }] of recording.steps.entries()) {
    const before = steps.length;
    const was = recording.steps[i - 1]?.tree ?? tree;
    for (const op of own) {
      if (op.op === 'unread') continue;
      const step = stepOf(op, was);
      if (typeof step === 'string') left.push(told(op));
      if (step === null || typeof step === 'string') continue;
      steps.push(step);
      ops.push('cold_plugged' in op && op.cold_plugged ? undefined : op);
    }
    if (steps.length > before) together.push(steps.length - before);
  }
  return { scenario: stringify({ machine: machineOf(recording), steps }), steps, ops, together, left };
}

/** What an operation came to, in a few words; null if that is not known. */
function outcomeOf(op: Readonly<Record<string, unknown>>): string | null {
  if (op.unknown) return null;
  if (op.crashed) return 'crashed';
  if (typeof op.error === 'string') return 'refused by the monitor';
  if (op.interrupted_after_s != null) return 'hung';
  if (op.op === 'ndctl' || op.op === 'daxctl') return op.exit == null ? null : `exit ${op.exit}`;
  if (op.op === 'virtio_mem_request') return `plugged ${op.plugged}`;
  if (op.op === 'device_add' && op.ost_unrecorded) return null;
  if (op.op === 'device_add' || op.op === 'device_del') return `OST ${(op.ost as number[]).join(' ')}`;
  return op.errno === undefined ? null : String(op.errno ?? 'success');
}

/** Rows of what the old recording and the new one say of the same operations. */
function compared(old: readonly Op[], now: readonly (Op | UnreadOp)[]): { same: number; other: string[] } {
  let same = 0;
  const other: string[] = [];
  for (const [i, op] of old.entries()) {
    const mine = now[i];
    // another operation stands for it
    if (mine === undefined || (mine.op !== op.op && op.op !== 'module')) continue;
    const [a, b] = [outcomeOf({ ...op }), outcomeOf({ ...mine })];
    if (a === null || b === null) continue;
    if (a === b) same++;
    else other.push(`${op.op}: ${a}, now ${b}`);
  }
  return { same, other };
}

async function one(name: string, kernelName: string, dir: string): Promise<string> {
  const old = await openRecording(`recordings/${name}.tar.xz`);
  const { scenario, ops, together, left } = again(old);
  const file = join(dir, `${name}.yaml`);
  writeFileSync(file, scenario);
  const output = join(dir, `${name}.tar.gz`);
  const notes = join(dir, `${name}.json`);
  if (!existsSync(output)) {
    const home = new PrivateDir(2 ** 28);
    try {
      const planner = new Planner(home.path, new AbortController().signal);
      const subject = subjectOf(file);
      const { kernel, plan } = await planner.plan(subject, kernelName, { append: '', qemuOpts: '' });
      const files = await userland(kernel, planner.debianOf(subject.machine), plan, false);
      const result = await record({
        plan,
        kernel,
        files,
        output: `${output}.partial.tar.gz`,
        together,
        boot_timeout: 300,
        timeout: 60,
        signal: new AbortController().signal,
        progress: (event) => process.stderr.write(`${name} ${JSON.stringify(event).slice(0, 160)}\n`),
      });
      writeFileSync(
        notes,
        JSON.stringify({ ...result, left_out: plan.left_out.map(({ step, kind }) => ({ step, kind })) }),
      );
      renameSync(`${output}.partial.tar.gz`, output);
    } finally {
      home.remove();
    }
  }
  const { stopped, left_out } = JSON.parse(readFileSync(notes, 'utf8')) as {
    stopped: string | null;
    left_out: { step: number; kind: string }[];
  };
  const now = await openRecording(output);
  const report = conform(now);
  const without = new Set(left_out.map(({ step }) => step));
  const kept = ops.filter((op, i): op is Op => op !== undefined && !without.has(i));
  const made = now.steps.slice(1).flatMap((step) => step.ops);
  const { same, other } = compared(kept, made);
  const sum = (of: (step: (typeof report.steps)[number]) => number): number =>
    report.steps.reduce((all, step) => all + of(step), 0);
  const missing = [...left, ...left_out.map(({ kind }) => kind)];
  const counted = [...new Set(missing)].map((what) => {
    const times = missing.filter((one) => one === what).length;
    return times === 1 ? what : `${what} (${times})`;
  });
  const cells = [
    name,
    now.ops.kernel,
    `${made.length} of ${kept.length + missing.length}`,
    String(now.steps.length),
    sum((step) => step.compared).toLocaleString('en'),
    String(sum((step) => step.differences.length)),
    `${same} of ${same + other.length}${other.length === 0 ? '' : `: ${other.slice(0, 3).join('; ')}`}`,
    [...counted, ...(stopped === null ? [] : [`ended: ${stopped}`])].join(', ') || 'nothing',
  ];
  return `| ${cells.join(' | ')} |`;
}

// what is private to a guest goes when the process exits
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => process.exit(1));

const [dir, ...asked] = process.argv.slice(2);
if (dir === undefined) throw new Error('usage: npx tsx test/record/again.ts DIR [ARCHIVE[=KERNEL]…]');
mkdirSync(dir, { recursive: true });
const all =
  asked.length === 0
    ? Object.entries(ARCHIVES)
    : asked.map((word) => {
        const [name, kernel] = word.split('=');
        return [basename(name!, '.tar.xz'), kernel ?? ARCHIVES[name!] ?? 'debian:6.1'] as const;
      });
const rows: string[] = [];
for (const [name, kernel] of all) {
  try {
    rows.push(await one(name, kernel, dir));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    rows.push(`| ${name} | ${kernel} | not recorded: ${error.message} |`);
  }
  process.stdout.write(`${rows.at(-1)}\n`);
}
writeFileSync(
  join(dir, 'table.md'),
  `| archive | kernel | operations | steps | comparisons | differ | outcome as before | not done |\n|---|---|---|---|---|---|---|---|\n${rows.join('\n')}\n`,
);
