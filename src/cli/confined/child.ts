import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Processes that run the code of strangers: started, and looked at from outside. */

const PROGRAM = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * What the process may read: the program, and the packages that it uses. No path is the beginning of another one, on which
 * Node 20 fails.
 */
function readable(): string[] {
  const own = realpathSync(PROGRAM);
  const { dependencies } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as {
    dependencies: object;
  };
  const packages = new Set<string>();
  const links = new Set<string>();
  for (let folder = own; folder !== dirname(folder); folder = dirname(folder)) {
    const here = join(folder, 'node_modules');
    if (!Object.keys(dependencies).some((name) => existsSync(join(here, name)))) continue;
    packages.add(realpathSync(here));
    if (realpathSync(here) !== here) links.add(here);
  }
  const folders = [join(own, 'dist'), ...packages];
  const outer = folders.filter((one) => !folders.some((other) => one.startsWith(`${other}/`)));
  const files = [join(own, 'package.json'), ...links];
  const uncovered = files.filter((file) => !outer.some((folder) => file.startsWith(`${folder}/`)));
  return [...outer.map((folder) => join(folder, '*')), ...uncovered];
}

const permissions = (): string[] => [
  process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission',
  ...readable().map((path) => `--allow-fs-read=${path}`),
];

/** Bytes of a process besides the heap of V8. */
const BESIDE_HEAP = 2 ** 28;

/**
 * Starts one of the modules beside this one in a process that reads no files but the program's, starts no processes and
 * no workers, makes no code from text, cannot change JavaScript's own objects, and has a bound on memory, in bytes.
 */
export const startConfined = (main: string, memory: number): ChildProcess =>
  fork(fileURLToPath(new URL(`./${main}`, import.meta.url)), [], {
    execArgv: [
      '--no-warnings',
      '--disallow-code-generation-from-strings',
      '--frozen-intrinsics',
      '--enable-source-maps',
      `--max-old-space-size=${Math.ceil(memory / 2 ** 20)}`,
      ...permissions(),
    ],
    env: {},
    cwd: '/',
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });

export const usesMore = (memory: number): string => `uses more than ${Math.ceil(memory / 2 ** 20)} MiB`;

/** Whether a process uses more than its heap may have. */
export const isOver = ({ pid }: ChildProcess, memory: number): boolean =>
  residentBytes(pid!) > memory + BESIDE_HEAP;

/** Why a process that was not asked to has exited. V8 ends one whose heap is full by SIGABRT. */
export const whyExited = (code: number | null, signal: string | null, memory: number): string =>
  signal === 'SIGABRT' || code === 134 ? usesMore(memory) : `ended the run (${signal ?? `status ${code}`})`;

/** The memory that a process has in use, in bytes; 0 where /proc does not say. */
function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Clock ticks per second in /proc, on every architecture that Node runs on. */
const USER_HZ = 100;

/** The processor time that a process has had, in seconds; undefined where /proc does not say (proc(5): utime, stime). */
export function secondsWorked({ pid }: ChildProcess): number | undefined {
  try {
    const [, fields = ''] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    const [utime, stime] = fields.split(' ').slice(11, 13).map(Number);
    return (utime! + stime!) / USER_HZ;
  } catch {
    return undefined;
  }
}
