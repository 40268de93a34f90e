import type { Command } from 'commander';
import { type LayoutKind, planDevices } from '../../../answers/plan/devices/plan.ts';
import type { Device } from '../../../answers/plan/devices/trial.ts';
import { InputError, quote } from '../../../errors/input-error.ts';
import { mainline } from '../../../releases/index.ts';
import { devicesPlanText } from '../../../report/answers/plan-devices-text.ts';
import { bytesIn } from '../../inputs/block-range.ts';
import type { MachineFlags } from '../../inputs/machine-options.ts';
import { type Opened, readNamed } from '../../inputs/source.ts';
import { whole } from '../../option-values.ts';

export interface LayoutFlags extends MachineFlags {
  readonly sysroot?: string;
  readonly json?: boolean;
  readonly html?: string;
  readonly ways: number;
  readonly node: number;
}

/** Bytes: a source without it shows no memory blocks. */
const LEAST_BLOCK = 2 ** 27;

export type PrintPlan = (
  asked: Omit<Opened, 'model'>,
  schema: string,
  plan: object,
  text: string,
) => Promise<void>;

const SUMMARIES: Readonly<Record<LayoutKind, string>> = {
  pmem: 'what NVDIMMs and device-dax lose to alignment, release by release, and where they should start',
  cxl: 'what CXL regions and device-dax lose to alignment, release by release, and where they should start',
};

/** Adds `mhp plan pmem` or `mhp plan cxl`. */
export function defineLayout(
  kind: LayoutKind,
  command: Command,
  print: (flags: LayoutFlags) => PrintPlan,
): void {
  command
    .description(SUMMARIES[kind])
    .argument(
      '[layout...]',
      'a source of a machine, such as the JSON of ndctl, daxctl and cxl; or ranges of devices that are not there yet: 0x200000000-0x2fbffffff, 0x200000000+4G',
    )
    .option('--ways <n>', 'the number of devices that a range is interleaved among', whole(1, 64), 1)
    .option('--node <n>', 'the node of a range', whole(0, 1023), 0)
    .addHelpText(
      'after',
      '\nWithout --release, every modelled release answers.\nExit status: 0 all devices can be used with the newest of the releases; 1 some cannot, or there is none; 2 bad usage or input.',
    )
    .action(async (layout: readonly string[], flags: LayoutFlags) => {
      process.exitCode = await run(kind, layout, flags, print(flags));
    });
}

async function run(
  kind: LayoutKind,
  layout: readonly string[],
  flags: LayoutFlags,
  print: PrintPlan,
): Promise<number> {
  const ranges = layout.map((text) => (/[-+]/.test(text) ? bytesIn(text) : undefined));
  const isRanges = layout.length > 0 && ranges.every((range) => range !== undefined);
  const wrong = layout.find((text, i) => /^0x[0-9a-f]+(?:$|[-+])/i.test(text) && ranges[i] === undefined);
  if (wrong !== undefined)
    throw new InputError(
      'LAYOUT',
      '',
      `${quote(wrong)} is no range: use 0x200000000-0x2fbffffff or 0x200000000+4G`,
    );
  const [source, more] = isRanges ? [] : layout;
  if (more !== undefined)
    throw new InputError('LAYOUT', '', `${quote(more)}: one source, or ranges such as 0x200000000+4G`);
  if (source !== undefined && flags.sysroot !== undefined)
    throw new InputError('--sysroot', '', 'is for ranges: a layout that is a source has its own machine');
  const asked = await readNamed(source ?? flags.sysroot, flags);
  const { machine, release } = asked;
  // without --release no release is assumed
  const notes = flags.release === undefined ? machine.missing : asked.notes;
  const taken = [...(machine.nvdimm ?? []), ...(machine.cxl?.regions ?? [])].map(({ id }) => id);
  const first = Math.max(-1, ...taken, ...(machine.dax ?? []).map(({ region }) => region)) + 1;
  const own = (isRanges ? ranges : []).map((range, i): Device => {
    const { start, end } = range!;
    const about = { name: `region${first + i}`, id: first + i, start, size: end - start };
    const cxl = kind === 'cxl';
    return { ...about, kind, node: flags.node, ways: flags.ways, labels: !cxl, carved: false };
  });
  const plan = planDevices(
    machine,
    machine.block_size ?? LEAST_BLOCK,
    flags.release === undefined ? mainline : [release],
    kind,
    own,
  );
  const { notes: left, ...answer } = plan;
  await print({ ...asked, notes: [...notes, ...left] }, 'mhp-plan-layout/1', answer, devicesPlanText(plan));
  const newest = plan.devices.flatMap(({ outcomes }) =>
    outcomes.filter(({ last }) => last === plan.releases.at(-1)),
  );
  return newest.length > 0 && newest.every(({ accepted }) => accepted) ? 0 : 1;
}
