import type { Command } from 'commander';
import { isPolicy, planAdd } from '../../../answers/plan/add.ts';
import { type AddRequest, DEVICE_KINDS, type DeviceKind } from '../../../answers/plan/add-request.ts';
import { HOSTS } from '../../../answers/plan/commands.ts';
import { planRemove } from '../../../answers/plan/remove.ts';
import { InputError, quote } from '../../../errors/input-error.ts';
import { parseSize } from '../../../machines/text/size.ts';
import { addPlanText } from '../../../report/answers/plan-add-text.ts';
import { removePlanText } from '../../../report/answers/plan-remove-text.ts';
import type { MapData } from '../../../report/drawing/block-map.ts';
import type { AnswerAbout } from '../../../report/page/answer-parts.ts';
import { blockDrawing, checkDrawing, type DrawingFlags, drawingOptions, drawn } from '../../drawing.ts';
import { checkOutputs, saveWhole } from '../../files/output.ts';
import { aboutAsked, askedMachine, askedMap } from '../../inputs/asked-machine.ts';
import { blocksNamed } from '../../inputs/block-range.ts';
import { type MachineFlags, machineOptions } from '../../inputs/machine-options.ts';
import { printNotes } from '../../inputs/notes.ts';
import type { Opened } from '../../inputs/source.ts';
import { whole } from '../../option-values.ts';
import { defineLayout } from './plan-layout.ts';

interface Flags extends MachineFlags, DrawingFlags {
  readonly sysroot?: string;
  readonly json?: boolean;
  readonly html?: string;
}

interface AddFlags extends Flags {
  readonly at?: string;
  readonly kind: string;
  readonly node: number;
  readonly policy?: string;
  readonly host?: string;
  readonly deviceBlock?: string;
}

const common = (command: Command): Command =>
  machineOptions(command)
    .option('-s, --sysroot <source>', 'a source of a machine in place of this host')
    .option('--json', 'print JSON')
    .option('--html <file>', 'write the answer as a page that stands alone');

const MAP = 'the memory blocks with the plan in them';

/** Defines `mhp plan`: what an operation on memory would do, without doing it. */
export function define(command: Command): void {
  command.usage('[options] add|remove|pmem|cxl …');
  drawingOptions(
    common(command.command('add <size>').description('what adding memory would cost, and where it would go')),
    MAP,
  )
    .option('--at <address>', 'its first address (default: above all memory)')
    .option('--kind <kind>', DEVICE_KINDS.join(', '), 'dimm')
    .option('--node <n>', 'its node', whole(0, 1023), 0)
    .option('--policy <policy>', 'auto_online_blocks: offline, online, online_kernel, online_movable')
    .option('--host <host>', `print commands for ${HOSTS.join(', ')} only`)
    .option('--device-block <size>', 'virtio-mem: its block-size (default: 2M)')
    .addHelpText('after', '\nExit status: 0 accepted; 1 refused; 2 bad usage or input.')
    .action(async (size: string, flags: AddFlags) => {
      process.exitCode = await add(size, flags);
    });
  drawingOptions(
    common(command.command('remove <what>').description('which blocks to take offline, and what would stay')),
    MAP,
  )
    .addHelpText(
      'after',
      '\nWHAT is a size with a unit (4G) or blocks (40..47, 0x140000000-0x17fffffff).\nExit status: 0 all can go; 64 only part; 1 nothing; 2 bad usage or input.',
    )
    .action(async (what: string, flags: Flags) => {
      process.exitCode = await remove(what, flags);
    });
  for (const kind of ['pmem', 'cxl'] as const)
    defineLayout(kind, common(command.command(kind)), (flags) => async (asked, schema, plan, text) => {
      checkOutputs([flags.html]);
      if (flags.html !== undefined)
        saveWhole(flags.html, (await pages()).planPage(`mhp plan ${kind}`, text, aboutAsked(asked)));
      print(flags, asked, schema, plan, text);
    });
}

async function remove(what: string, flags: Flags): Promise<number> {
  checkOutputs([flags.html, flags.svg]);
  checkDrawing(flags);
  const asked = await askedMachine(flags.sysroot, flags);
  const { memory_block } = asked.session.state;
  const all = [...memory_block.keys()].sort((a, b) => a - b);
  const size = /^\d+[KMGTP](?:i?B)?$/i.test(what) ? bytes('SIZE', what) : undefined;
  const blocks =
    size === undefined ? blocksNamed(what, all, asked.session.kernel.c.memory_block_size_bytes) : all;
  const plan = planRemove(asked, blocks, size);
  await pictures(flags, asked, {
    page: async (map, about) => (await pages()).removePlanPage(plan, map, about),
    map: async (map) => (await maps()).removePlanMap(map, plan),
  });
  print(flags, asked, 'mhp-plan-remove/1', plan, removePlanText(plan));
  return plan.possible >= plan.wanted ? 0 : plan.possible > 0 ? 64 : 1;
}

const bytes = (name: string, text: string): number => {
  const value = /^0x[0-9a-f]{1,13}$/i.test(text) ? Number(text) : parseSize(text);
  if (value === undefined || value <= 0 || value > 2 ** 52)
    throw new InputError(name, '', `${quote(text)} is no number of bytes such as 1G or 0x40000000`);
  return value;
};

async function add(size: string, flags: AddFlags): Promise<number> {
  if (flags.kind === 'pmem')
    throw new InputError(
      '--kind',
      '',
      `what a pmem device loses says mhp plan pmem ${flags.at ?? 'START'}+${size}; as memory of the kernel it is --kind kmem`,
    );
  const kind = DEVICE_KINDS.find((known) => known === flags.kind);
  if (kind === undefined)
    throw new InputError('--kind', '', `${quote(flags.kind)} is not one of ${DEVICE_KINDS.join(', ')}`);
  if (flags.policy !== undefined && !isPolicy(flags.policy))
    throw new InputError('--policy', '', `${quote(flags.policy)} is no policy`);
  if (flags.host !== undefined && !(HOSTS as readonly string[]).includes(flags.host))
    throw new InputError('--host', '', `${quote(flags.host)} is not one of ${HOSTS.join(', ')}`);
  const request: AddRequest = {
    size: bytes('SIZE', size),
    start: flags.at === undefined ? undefined : bytes('--at', flags.at),
    kind: kind as DeviceKind,
    node: flags.node,
    policy: flags.policy,
    host: flags.host,
    ...(flags.deviceBlock !== undefined && { device_block: bytes('--device-block', flags.deviceBlock) }),
  };
  checkOutputs([flags.html, flags.svg]);
  checkDrawing(flags);
  const asked = await askedMachine(flags.sysroot, { ...flags, words: false });
  const plan = planAdd(asked, request);
  await pictures(flags, asked, {
    page: async (map, about) => (await pages()).addPlanPage(plan, map, about),
    map: async (map) => (await maps()).addPlanMap(map, plan),
  });
  print(flags, asked, 'mhp-plan-add/1', plan, addPlanText(plan));
  return plan.accepted ? 0 : 1;
}

const pages = () => import('../../../report/page/plan-page.ts');
const maps = () => import('../../../report/drawing/plan-map.ts');

/** The page and the drawing of a plan, where they are asked for. */
async function pictures(
  flags: Flags,
  asked: Awaited<ReturnType<typeof askedMachine>>,
  make: {
    readonly page: (map: MapData, about: AnswerAbout) => Promise<string>;
    readonly map: (map: MapData) => Promise<MapData>;
  },
): Promise<void> {
  if (flags.html !== undefined) saveWhole(flags.html, await make.page(askedMap(asked), aboutAsked(asked)));
  await drawn(flags, async () => blockDrawing(await make.map(askedMap(asked)), asked.machine.source, flags));
}

function print(
  flags: Flags,
  { machine, release, notes }: Omit<Opened, 'model'>,
  schema: string,
  plan: object,
  text: string,
): void {
  if (!flags.json) {
    printNotes(notes);
    process.stdout.write(text);
    return;
  }
  const about = { schema, machine: machine.source, arch: machine.arch, release: release.name, notes };
  process.stdout.write(`${JSON.stringify({ ...about, ...plan }, null, 2)}\n`);
}
