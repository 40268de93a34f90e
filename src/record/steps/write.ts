import { quote } from '../../errors/input-error.ts';
import type { ScenarioStep } from '../../scenarios/format/step-schema.ts';
import { bytes } from '../../scenarios/steps/common/values.ts';
import { errnoInText } from './errno.ts';
import type { Performer, RecordedOp, Run } from './performer.ts';

/** Writes to files of sysfs and /proc/sys. */

const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Writes a value as `echo` does; a write that does not return in time is ended by a signal. */
export async function write({ guest, timeout }: Run, path: string, value: string): Promise<RecordedOp> {
  const began = performance.now();
  const line = `timeout -s KILL ${timeout} sh -c ${shellWord(`echo ${shellWord(value.trimEnd())} > ${path}`)}`;
  const { status, err } = await guest.run(line, timeout + 30);
  const op = { op: 'write', path, value } as const;
  if (status === 0) return { ...op, errno: null };
  const seconds = (performance.now() - began) / 1000;
  if (seconds >= timeout && status >= 128) return { ...op, errno: 'EINTR', interrupted_after_s: timeout };
  const errno = errnoInText(err);
  if (errno !== undefined) return { ...op, errno };
  return { ...op, unknown: true, ...(status >= 128 && { crashed: true }), said: quote(err.trim()) };
}

const block = (id: number): string => `/sys/devices/system/memory/memory${id}/state`;

function ids(blocks: number | string): number[] {
  const [first, last] = String(blocks).replaceAll('memory', '').split('..').map(Number);
  return Array.from({ length: (last ?? first!) - first! + 1 }, (_, i) => first! + i);
}

/** The write that a step was at when the guest fell silent; null for another step. */
export function silentWrite({ kind, step }: ScenarioStep, done: number): RecordedOp | null {
  if (kind === 'write') return { op: 'write', path: step.path, value: step.value, unknown: true };
  if (kind !== 'online' && kind !== 'online_kernel' && kind !== 'online_movable' && kind !== 'offline')
    return null;
  const id = ids(step.blocks)[done];
  return id === undefined ? null : { op: 'write', path: block(id), value: kind, unknown: true };
}

const stateOf = (state: string): Performer<'online' | 'offline' | 'online_kernel' | 'online_movable'> => ({
  async *perform(run, { blocks }) {
    for (const id of ids(blocks)) {
      const op = await write(run, block(id), state);
      yield op;
      if (op.errno !== null) return;
    }
  },
});

export const online = stateOf('online');
export const onlineKernel = stateOf('online_kernel');
export const onlineMovable = stateOf('online_movable');
export const offline: Performer<'offline'> = { ...stateOf('offline'), options: () => ['MEMORY_HOTREMOVE'] };

/** Files by which a notifier of the kernel's own refuses. */
const NOTIFIER = '/sys/kernel/debug/notifier-error-inject/memory/';

export const writeFile: Performer<'write'> = {
  options: ({ path }) => (path.startsWith(NOTIFIER) ? ['MEMORY_NOTIFIER_ERROR_INJECT'] : []),
  modules: ({ path }) => (path.startsWith(NOTIFIER) ? ['memory_notifier_error_inject'] : []),
  refuses: ({ path }) =>
    /^\/(sys|proc\/sys)\/[\w./:+-]+$/.test(path) ? null : `${quote(path)} is no file of /sys or /proc/sys`,
  async *perform(run, { path, value }) {
    yield await write(run, path, value);
  },
};

export const hugepages: Performer<'hugepages'> = {
  options: () => ['HUGETLBFS'],
  async *perform(run, { size, node, count }) {
    const parent = node === undefined ? '/sys/kernel/mm' : `/sys/devices/system/node/node${node}`;
    yield await write(
      run,
      `${parent}/hugepages/hugepages-${bytes(size) / 1024}kB/nr_hugepages`,
      String(count),
    );
  },
};
