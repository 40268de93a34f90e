import { NVDIMM_MODULES } from './devices.ts';
import type { Performer, RecordedOp, Run } from './performer.ts';

/** The tools of NVDIMMs and device-dax. */

const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The number that the tool prints about what it has done: "disabled 1 region". */
const COUNT =
  /^(?:\w+(?:-\w+)* )?(?:disabled|enabled|destroyed|initialized|zeroed|wrote|reconfigured|onlined|offlined) (\d+) /m;

async function tool({ guest, timeout }: Run, op: 'ndctl' | 'daxctl', line: string): Promise<RecordedOp> {
  const argv = line.trim().split(/\s+/);
  const command = `timeout -s KILL ${timeout} ${op} ${argv.map(shellWord).join(' ')}`;
  const began = performance.now();
  const { status, out, err } = await guest.run(command, timeout + 30);
  const hung = status === 137 && (performance.now() - began) / 1000 >= timeout;
  const count = COUNT.exec(`${out.toString()}\n${err}`)?.[1];
  return {
    op,
    argv,
    exit: hung ? null : status,
    ...(count !== undefined && { count: Number(count) }),
    ...(hung && { interrupted_after_s: timeout }),
  };
}

const performer = (op: 'ndctl' | 'daxctl'): Performer<'ndctl' | 'daxctl'> => ({
  options: () => ['LIBNVDIMM', 'ZONE_DEVICE'],
  modules: () => NVDIMM_MODULES,
  packages: () => ['ndctl', 'daxctl'],
  refuses: ({ run }) => (/^[\w\s./:=,+-]+$/.test(run) ? null : 'its arguments are no plain words'),
  async *perform(run, step) {
    yield await tool(run, op, step.run);
  },
});

export const ndctl = performer('ndctl');
export const daxctl = performer('daxctl');
