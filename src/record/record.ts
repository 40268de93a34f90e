import { basename } from 'node:path';
import { UserError } from '../errors/user-error.ts';
import type { ScenarioStep } from '../scenarios/format/step-schema.ts';
import { kindOf } from '../scenarios/format/step-schema.ts';
import { Guest } from './guest/guest.ts';
import type { GuestFiles } from './guest/initramfs.ts';
import type { GuestKernel } from './kernel/guest-kernel.ts';
import { deviceOf } from './machine/devices.ts';
import type { Plan } from './machine/plan.ts';
import { type Head, RecordingWriter } from './recording-writer.ts';
import { geometryOf } from './snapshot/memory-files.ts';
import { stepFiles } from './snapshot/step-files.ts';
import { coldOp, regionsAreKnown } from './steps/devices.ts';
import { performerOf } from './steps/index.ts';
import type { Performer, RecordedOp, Run } from './steps/performer.ts';
import { silentWrite } from './steps/write.ts';

/** Records a scenario: boots, performs each step, and writes what the guest is like after it. */

export interface RecordOptions {
  readonly plan: Plan;
  readonly kernel: GuestKernel;
  readonly files: GuestFiles;
  readonly output: string;
  /** How many steps of the scenario, in order, become one step of the recording; by default each is one. */
  readonly together?: readonly number[];
  /** Seconds for the boot. */
  readonly boot_timeout: number;
  /** Seconds for one operation. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly progress: (event: Progress) => void;
  /** Called after each step with the recording so far; true ends the run there. */
  readonly after?: (guest: Guest, dir: string, step: number) => Promise<boolean>;
  /** Called at the end, while the guest still runs. */
  readonly last?: (guest: Guest) => Promise<void>;
}

/** What has been done, with the seconds that it took. */
export type Progress =
  | { readonly what: 'boot'; readonly seconds: number }
  | {
      readonly what: 'step';
      /** From 1; 0 is the boot. */
      readonly step: number;
      readonly text: string;
      readonly ops: readonly RecordedOp[];
      readonly seconds: number;
      readonly snapshot_seconds: number;
      readonly unread: readonly { readonly what: string; readonly why: string }[];
    };

export interface Recorded {
  /** Steps in the recording, the boot among them. */
  readonly steps: number;
  /** Why it ended before the last step; null if it did not. */
  readonly stopped: string | null;
  /** The kernel's line of a crash; null if there was none. */
  readonly crash: string | null;
}

const label = (text: string): string =>
  text
    .toLowerCase()
    .replace(/\/sys\/devices\/system\//g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 48)
    .replace(/-$/, '');

const textOf = ({ kind, step }: ScenarioStep): string => kindOf(kind).text(step as never);

/** @throws GuestError if the guest does not come up, InputError if the recording cannot be written */
export async function record(options: RecordOptions): Promise<Recorded> {
  const { plan, kernel, files, output, signal, progress } = options;
  const writer = new RecordingWriter(output);
  let guest: Guest | undefined;
  try {
    guest = await Guest.boot({ machine: plan.machine, kernel, files, timeout: options.boot_timeout, signal });
    progress({ what: 'boot', seconds: guest.bootSeconds });
    const head = await headOf(guest);
    const recorded = await performAll(options, guest, writer, head);
    writer.file('console.log', guest.console.text());
    await writer.finish(head);
    await options.last?.(guest);
    return recorded;
  } catch (error) {
    writer.discard();
    throw error;
  } finally {
    await guest?.end();
  }
}

async function headOf(guest: Guest): Promise<Head> {
  const { kernel, info } = guest;
  const release = (await guest.run('uname -r', 20)).out.toString().trim();
  const cmdline = (await guest.run('cat /proc/cmdline', 20)).out.toString().trim();
  return {
    arch: kernel.arch,
    kernel: release,
    page_size: Number(info.number('PAGESIZE') ?? BigInt(kernel.page_size ?? 4096)),
    cmdline,
  };
}

/** Null if the kernel does not say; the page tables are then not read either. */
function knownGeometry(guest: Guest): unknown {
  try {
    return geometryOf(guest);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

async function performAll(
  options: RecordOptions,
  guest: Guest,
  writer: RecordingWriter,
  head: Head,
): Promise<Recorded> {
  const { plan, kernel, signal, timeout, progress, after } = options;
  if (kernel.config !== null) writer.file('kernel.config', kernel.config);
  const version = await guest.qmp.execute('query-version');
  writer.file(
    'machine.json',
    `${JSON.stringify({ geometry: knownGeometry(guest), kernel: kernel.source.startsWith('debian:') ? kernel.source : basename(kernel.source), qemu: version, boot_seconds: Math.round(guest.bootSeconds * 10) / 10 }, null, 1)}\n`,
  );
  writer.file(
    'qemu-cmdline.txt',
    `${guest.command.map((word) => (word === kernel.image ? basename(word) : word.replaceAll(guest.dir, '.'))).join(' \\\n  ')}\n`,
  );
  const run: Run = { guest, timeout, pins: [], programs: [], pagemaps: new Map(), plugged: new Map() };
  let crash: string | null = null;
  let stopped: string | null = null;
  const snapshot = async (
    step: number,
    text: string,
    ops: readonly RecordedOp[],
    seconds: number,
    from: number,
  ) => {
    const began = performance.now();
    const { files, unread } = await stepFiles(guest, head.kernel, timeout, from);
    // half a snapshot is none
    if (signal.aborted || guest.gone !== null) return;
    const all = new Map(files);
    if (step === 0) {
      // messages of a boot belong to no step
      writer.file('boot.dmesg', all.get('dmesg') ?? '');
      all.set('dmesg', '');
    }
    all.set(
      'step.json',
      `${JSON.stringify({ text, seconds: Math.round(seconds * 10) / 10, unread }, null, 1)}\n`,
    );
    writer.step(`${String(step).padStart(2, '0')}-${label(text)}`, ops, all);
    writer.writeOps(head);
    progress({
      what: 'step',
      step,
      text,
      ops,
      seconds,
      snapshot_seconds: (performance.now() - began) / 1000,
      unread,
    });
  };
  const cold = plan.machine.devices.filter((one) => one.cold && one.kind !== 'backing').map(coldOp);
  for (const device of plan.machine.devices) if (device.cold) run.plugged.set(device.id, device);
  await regionsAreKnown(run);
  await snapshot(0, 'boot', cold, 0, 0);
  let number = 0;
  for (const group of groupsOf(plan, options.together)) {
    if (stopped !== null || signal.aborted) break;
    number++;
    const text = textOf(group[0]!);
    const began = performance.now();
    const from = guest.console.length;
    const ops: RecordedOp[] = [];
    for (const step of group) {
      const before = guest.console.length;
      const first = ops.length;
      try {
        for await (const op of performing(run, step)) ops.push(op);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        if (signal.aborted) break;
        stopped = guest.gone ?? error.message;
        ops.push(silentWrite(step, ops.length - first) ?? askedOf(step));
      }
      const line = guest.console.crash(before);
      if (line !== null) {
        crash ??= line.replace(/^\[[^\]]*\] /, '');
        ops[Math.max(0, ops.length - 1)] = { ...(ops.at(-1) ?? askedOf(step)), crashed: true };
        await new Promise((resolve) => setTimeout(resolve, 1000));
        if (guest.console.panicked) stopped ??= 'the kernel has panicked';
      }
      if (stopped !== null) break;
    }
    if (signal.aborted || guest.gone !== null) break;
    await snapshot(number, text, ops, (performance.now() - began) / 1000, from);
    if (signal.aborted || guest.gone !== null) break;
    if (await after?.(guest, writer.dir, number)) {
      stopped = 'the model differs';
      break;
    }
  }
  if (signal.aborted) stopped = 'interrupted';
  else if (guest.gone !== null) stopped = guest.gone;
  if (writer.steps === 0) throw new UserError(`${stopped}: nothing was recorded`);
  return { steps: writer.steps, stopped, crash };
}

const performing = (run: Run, { kind, step }: ScenarioStep): AsyncGenerator<RecordedOp> =>
  (performerOf(kind) as Performer).perform(run, step as never);

/** The steps that are performed, by steps of the recording; what is left out is in none. */
function groupsOf({ steps }: Plan, together: readonly number[] | undefined): ScenarioStep[][] {
  const groups = new Map<number, ScenarioStep[]>();
  const ends = together?.map((_, i) => together.slice(0, i + 1).reduce((sum, n) => sum + n, 0));
  for (const [number, step] of steps) {
    const performer = performerOf(step.kind);
    if (typeof performer === 'string' || performer.cold?.(step.step as never)) continue;
    const group = ends?.findIndex((end) => number < end) ?? number;
    groups.set(group, [...(groups.get(group) ?? []), step]);
  }
  return [...groups.values()];
}

/** What was asked for in an operation of which nothing more is known. */
function askedOf(step: ScenarioStep): RecordedOp {
  const device = deviceOf(step);
  if (device !== null)
    return {
      op: 'device_add',
      kind: device.kind,
      id: device.id,
      size: device.size,
      node: device.node,
      addr: device.start,
      unknown: true,
    };
  return { op: 'observe', text: textOf(step), unknown: true };
}
