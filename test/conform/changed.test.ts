import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { define } from '../../src/cli/commands/recordings/conform.ts';
import { conform, type Report, type StepReport } from '../../src/conform/replay-recording.ts';
import { recordingOf } from '../../src/machines/recording/recording.ts';
import { MemTree } from '../../src/machines/sources/mem-tree.ts';
import { conformText } from '../../src/report/run/conform.ts';
import { inProcess } from '../in-process.ts';
import { edit, type OpsFile, opsOf, recordingTree, replay } from './changed-recording.ts';

// Recordings of real kernels with something changed in them: what conform then says.

const named = (step: StepReport): string[] => step.not_compared.map(({ what }) => what);
const differing = (report: Report): string[] =>
  report.steps.flatMap(({ dir, differences }) =>
    differences.map(
      ({ subject, what, recorded, model }) => `${dir}: ${subject}: ${what}: ${recorded} | ${model}`,
    ),
  );
const opOf = (ops: OpsFile, dir: string, name: string): Record<string, unknown> =>
  ops.steps.find((step) => step.dir === dir)!.ops.find(({ op }) => op === name)!;

test('differences after an operation that is not known stand beside it', async () => {
  const tree = await recordingTree('x86_64-6.1-misaligned');
  const report = replay(tree, (ops) => {
    ops.steps.splice(8);
    Object.assign(opOf(ops, '07-add-128M-ok', 'device_add'), { op: 'fly' });
  });
  const step = report.steps.at(-1)!;
  expect(report.agrees).toBe(true);
  expect(step.unperformed).toEqual(['not performed: "fly": unknown operation']);
  expect(step.differences.length).toBeGreaterThan(10);
  const text = conformText(report);
  const columns = text
    .split('\n')
    .find((line) => line.startsWith('07-'))!
    .split(/ +/);
  expect(columns.slice(3, 5)).toEqual(['0', String(step.differences.length)]);
  expect(text).toContain(`${step.differences.length} differ beside an operation that was not performed`);
});

/** Writes the files of a tree below a directory. */
function write(tree: MemTree, path: string, to: string): void {
  if (tree.kind(path) === 'file') writeFileSync(to, tree.readText(path)!);
  else {
    mkdirSync(to, { recursive: true });
    for (const name of tree.list(path) ?? []) write(tree, `${path}/${name}`, join(to, name));
  }
}

test('mhp conform exits with 3 if there are only such differences', async () => {
  const tree = await recordingTree('x86_64-6.1-misaligned');
  const ops = opsOf(tree);
  ops.steps.splice(2);
  const folder = mkdtempSync(join(tmpdir(), 'mhp-conform-'));
  const before = process.exitCode;
  try {
    for (const { dir } of ops.steps) write(tree, dir, join(folder, dir));
    const status = async (): Promise<unknown> => {
      writeFileSync(join(folder, 'ops.json'), JSON.stringify(ops));
      const { error } = await inProcess(define, ['conform', folder]);
      expect(error).toBeUndefined();
      return process.exitCode;
    };
    expect(await status()).toBe(0);
    opOf(ops, '01-add-64M', 'device_add').op = 'fly';
    expect(await status()).toBe(3);
    opOf(ops, '01-add-64M', 'fly').op = 'observe';
    expect(await status()).toBe(1);
  } finally {
    process.exitCode = before;
    rmSync(folder, { recursive: true });
  }
});

/** The pin of block 17, and a refusal because of it. */
const PINNED = 'arm64-6.1-full61';
const PIN = '12-pin-unmovable-in-block17';
const REFUSED = '13-offline-pinned-block17-refused';

test('a pin takes the page that is recorded, and that counts as given', async () => {
  const tree = await recordingTree(PINNED);
  edit(tree, `${REFUSED}/dmesg`, 'pfn:0x88000', 'pfn:0x88003');
  for (const page of [0x88003, '0x88003', 0x88003 * 4096]) {
    const report = replay(tree, (ops) => {
      ops.steps.splice(14);
      opOf(ops, PIN, 'pin').page = page;
    });
    const [pin, refused] = report.steps.slice(-2);
    expect(differing(report)).toEqual([]);
    expect(pin!.given).toEqual([{ what: 'the pin took page 0x88003', during: 'pin' }]);
    expect(pin!.outcomes).toMatchObject({ predicted: 0, given: 1 });
    expect([refused!.given, refused!.outcomes.refused]).toEqual([[], { predicted: 1, given: 0 }]);
  }
});

test('a pin whose page is not recorded moves to the page of a later dump', async () => {
  const tree = await recordingTree(PINNED);
  edit(tree, `${REFUSED}/dmesg`, 'pfn:0x88000', 'pfn:0x88003');
  const report = replay(tree, (ops) => ops.steps.splice(14));
  const [pin, refused] = report.steps.slice(-2);
  expect(differing(report)).toEqual([]);
  expect(pin!.outcomes).toMatchObject({ predicted: 1, given: 0 });
  expect(refused!.given.map(({ what, pfn }) => [what, pfn])).toEqual([
    ['the pin took page 0x88003', 0x88003],
  ]);
  expect(refused!.outcomes.refused).toEqual({ predicted: 0, given: 1 });
});

test('a page that is not in the range of the pin is named, and not used', async () => {
  const tree = await recordingTree(PINNED);
  const report = replay(tree, (ops) => {
    ops.steps.splice(14);
    opOf(ops, PIN, 'pin').page = 0x10;
  });
  expect(differing(report)).toEqual([]);
  expect(named(report.steps.at(-2)!)).toContain(
    'pin: its page 16: not in the range, neither as a pfn nor as an address',
  );
});

test('what hangs until a signal in the recording must do so in the model', async () => {
  const tree = await recordingTree(PINNED);
  const report = replay(tree, (ops) => {
    ops.steps.splice(14);
    opOf(ops, REFUSED, 'write').interrupted_after_s = 20;
    opOf(ops, REFUSED, 'write').errno = 'EINTR';
  });
  const write = 'echo offline > /sys/devices/system/memory/memory17/state';
  expect(differing(report)).toEqual([
    `${REFUSED}: result: ${write}: hung until a signal | returned`,
    `${REFUSED}: result: ${write}: EINTR | EBUSY`,
  ]);
});

test('what hangs until a signal in the model, too, agrees: a pinned page in ZONE_MOVABLE', async () => {
  const tree = await recordingTree(PINNED);
  const report = replay(tree, (ops) => {
    ops.steps.splice(5);
    const path = '/sys/devices/system/memory/memory16/state';
    ops.steps[4]!.ops.push(
      { op: 'pin', nid: 1, start: 2 ** 31, size: 2 ** 27, errno: null },
      { op: 'write', path, value: 'offline', errno: 'EINTR', interrupted_after_s: 20 },
    );
  });
  expect(differing(report).filter((line) => !line.includes(': messages: '))).toEqual([]);
  expect(report.steps.at(-1)!.outcomes).toEqual({
    predicted: 3,
    given: 0,
    refused: { predicted: 1, given: 0 },
  });
});

test('words and limits of time that nothing is compared with are named', async () => {
  const tree = await recordingTree(PINNED);
  const report = replay(tree, (ops) => {
    ops.steps.splice(2);
    ops.steps[1]!.ops[0]!.error = 'no such chip';
  });
  expect(differing(report)).toEqual([]);
  expect(named(report.steps[1]!)).toContain(
    'echo offline > /sys/devices/system/memory/memory10/state: its error "no such chip": only the machine monitor refuses in words',
  );
});

const VIRTIO_MEM = 'x86_64-6.1-virtio-mem-2M';

test('what a virtio-mem device has plugged is compared after each request', async () => {
  const tree = await recordingTree(VIRTIO_MEM);
  const requests: string[] = [];
  const report = replay(tree, (ops) => {
    for (const { dir, ops: list } of ops.steps)
      for (const op of list) {
        if (op.op !== 'virtio_mem_request' || typeof op.error === 'string') continue;
        requests.push(`${dir}: result`);
        op.plugged = Number(op.plugged) + 2 ** 21;
      }
  });
  expect(requests.length).toBeGreaterThan(8);
  expect(differing(report).map((line) => line.split(': ').slice(0, 2).join(': '))).toEqual(requests);
});

test('the driver of a virtio-mem device must be loaded and unloaded', async () => {
  const tree = await recordingTree(VIRTIO_MEM);
  const loads = replay(tree, (ops) => {
    ops.steps.splice(2);
    Object.assign(opOf(ops, '01-load-driver', 'module'), { action: 'bless' });
  });
  expect(loads.steps[1]!.unperformed).toEqual(['module virtio_mem: bless is not modelled']);
  expect(differing(loads).some((line) => line.includes(': messages: '))).toBe(true);
  const refused = replay(tree, (ops) => {
    ops.steps.splice(2);
    Object.assign(opOf(ops, '01-load-driver', 'module'), { exit: 1 });
  });
  expect(named(refused.steps[1]!)).toContain(
    'load virtio_mem: exit 1: why modules are refused is not modelled',
  );
});

test('lists of devices differ where the model does', async () => {
  const kmem = await recordingTree('x86_64-6.1-kmem');
  const step = '05-system-ram-kv2';
  edit(kmem, `${step}/daxctl-list.json`, '"online_memblocks":3', '"online_memblocks":2');
  edit(kmem, `${step}/ndctl-list.json`, '"map":"mem"', '"map":"dev"');
  const report = replay(kmem, (ops) => ops.steps.splice(6));
  expect(differing(report).map((line) => line.slice(0, 60))).toMatchInlineSnapshot(`
    [
      "05-system-ram-kv2: namespaces: ndctl list namespace1.0: mode",
      "05-system-ram-kv2: namespaces: ndctl list namespace2.0: mode",
      "05-system-ram-kv2: namespaces: daxctl list dax2.0: chardev d",
    ]
  `);
  const virtio = await recordingTree(VIRTIO_MEM);
  edit(virtio, '02-request-64M-offline-policy/qmp-query-memory-devices.json', /"size": \d+/g, '"size": 0');
  const [difference, ...more] = differing(replay(virtio, (ops) => ops.steps.splice(3)));
  expect(more).toEqual([]);
  expect(difference).toMatch(
    /: devices: qmp-query-memory-devices\.json: virtio-mem 0x140000000: .*: 0 of 67108864 plugged \| /,
  );
});

test('files of a step that nothing reads are counted by the pattern of their path', async () => {
  const tree = await recordingTree(PINNED);
  for (const cpu of [3, 10]) tree.addFile(`00-boot/sys/devices/moon/moon${cpu}/phase`, 'full\n');
  const report = replay(tree, (ops) => ops.steps.splice(1));
  const what = 'files: sys/devices/moon/moonN/phase: what it says is not modelled';
  expect(report.steps[0]!.not_compared).toContainEqual({ what, times: 2 });
});

test('files of a form that is not known are named, and the rest is compared', async () => {
  const tree = await recordingTree('arm64-6.1-split-rooff61');
  const whole = replay(tree, (ops) => ops.steps.splice(2));
  const { dir } = whole.steps[1]!;
  tree.addFile(`${dir}/dmesg`, Uint8Array.of(0xff, 0xfe, 10));
  tree.addFile(`${dir}/tables/linear.json`, '{"leaves": 7');
  tree.addFile(`${dir}/proc/zoneinfo`, 'Node 0, zone   Moon\n  pages free full\n');
  tree.addFile(`${dir}/qmp.json`, '[]');
  const step = replay(tree, (ops) => ops.steps.splice(2)).steps[1]!;
  expect(step.differences).toEqual([]);
  expect(step.compared).toBeGreaterThan(whole.steps[1]!.compared / 2);
  const plain = (one: StepReport): string[] =>
    named(one).filter((what) => !/^(?:files|dmesg: lines)/.test(what));
  expect(plain(step).filter((what) => !plain(whole.steps[1]!).includes(what))).toMatchInlineSnapshot(`
    [
      "messages: not recorded",
      "proc/zoneinfo line 1: zone Moon of node 0 has no "spanned"",
      "qmp.json: is no list of memory devices that is known here",
      "tables/linear.json: is not JSON",
      "dmesg: is not UTF-8 text",
    ]
  `);
});

test('an NVDIMM that is plugged brings a region', async () => {
  const tree = await recordingTree('x86_64-6.1-kmem');
  const plugged = {
    op: 'device_add',
    kind: 'nvdimm',
    id: 'new',
    addr: 2 ** 33,
    size: 2 ** 28,
    node: 1,
    ost: [],
  };
  const [labelled, bare] = [2 ** 21, undefined].map((bytes) =>
    replay(tree, (ops) => {
      ops.steps.splice(2);
      ops.steps[1]!.ops.push({ ...plugged, label_size: bytes });
    }),
  );
  expect(differing(labelled!).find((line) => line.includes(': regions: '))).toMatchInlineSnapshot(
    `"01-init-labels: namespaces: regions: region0 region1 region2 | region0 region1 region2 region3"`,
  );
  expect(differing(bare!)).toEqual([]);
  expect(named(bare!.steps[1]!)).toContain(
    'device_add new: plugging an NVDIMM without a label area is not modelled',
  );
});

test('a recording without the files of its first step has no machine', () => {
  const tree = new MemTree('bare');
  const steps = [{ dir: '00-boot', ops: [] }];
  tree.addFile(
    'ops.json',
    JSON.stringify({ schema: 'mhp-recording/1', arch: 'x86_64', kernel: '6.1.192', page_size: 4096, steps }),
  );
  expect(() => conform(recordingOf(tree)!)).toThrow(
    'bare: 00-boot: is empty, and the machine of the recording with it',
  );
});

test('a DIMM that was plugged before boot is no memory of the firmware: ACPI adds it, and can eject it', async () => {
  const tree = await recordingTree('x86_64-6.1-hwpoison');
  const report = replay(tree, (ops) => {
    const [plug] = ops.steps[0]!.ops;
    plug!.cold_plugged = true;
    plug!.ost = [];
  });
  expect(differing(report)).toEqual([]);
  expect(report.steps.flatMap(named).filter((what) => what.includes('before boot'))).toEqual([]);
});
