import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// The built program, as a user starts it (test/global-setup.ts has built it).

const root = new URL('../../', import.meta.url).pathname;
const main = `${root}dist/cli/main.js`;
let folder = '';
const at = (name: string) => join(folder, name);

const mhp = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr: stderr.replaceAll(folder, 'FOLDER') };
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-explore-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const STORY = `step  remover                          walker
   1                                   read upper#0.entry -> 1
   2  write table#0.e0 = 0 (was 1)
   3  write table#0.e1 = 0 (was 1)
   4  write upper#0.entry = 0 (was 1)
   5  free table#0
   6                                   read table#0.e0 ** use-after-free

use-after-free: table#0 is used after it was freed. Step 6 of walker (read table#0.e0) comes after step 5 of remover (free table#0). No lock orders them: remover held no lock, walker held no lock. table#0 was there from the beginning, freed by remover in step 5.
`;
const TOKEN = 'mhp1-CGhvdHJtKDIpu6OJlA4GAQEABAEBin3aqw';

describe('the verdict', () => {
  test('proved', () => {
    expect(mhp('explore', 'sb')).toEqual({
      status: 0,
      stdout: 'SB: proved\nmode states: 13 states, 14 transitions, up to 2 preemptions, up to 4 steps\n',
      stderr: '',
    });
  });

  test('violated: the story and its token, which tells it again', () => {
    const { status, stdout, stderr } = mhp('explore', 'hotrm(2)');
    expect(stdout).toBe(`hotrm(2): violated, use-after-free
6 steps, 1 preemption: the shortest story
mode states: 19 states, 27 transitions, up to 1 preemption, up to 6 steps

${STORY}
mhp replay ${TOKEN}
`);
    expect([status, stderr]).toEqual([1, '']);
    expect(mhp('replay', TOKEN)).toEqual({ status: 1, stdout: STORY, stderr: '' });
  });

  test('a story of hundreds of steps is told', () => {
    const { status, stdout } = mhp('explore', 'hotrm(300)');
    expect([status, stdout.split('\n')[1]]).toEqual([1, '304 steps, 1 preemption: the shortest story']);
  });

  test('within bounds', () => {
    const { status, stdout } = mhp('explore', '--max-steps', '3', '--max-preemptions', '0', 'hotrm(3)');
    expect(stdout).toMatch(/^hotrm\(3\): proved within the bounds on preemptions and steps\n/);
    expect(status).toBe(0);
  });

  test('mode traces proves nothing by executions that were cut off', () => {
    const { status, stdout } = mhp('explore', '--max-steps', '8', '--mode', 'traces', 'philosophers(3)');
    expect(stdout).toMatch(/^philosophers\(3\): undecided, stopped by the bound on steps\n/);
    expect(status).toBe(3);
  });

  test('as JSON', () => {
    const { status, stdout } = mhp('explore', '--json', '--self-check', 'hotrm(2)');
    const { schema, results } = JSON.parse(stdout);
    expect([status, schema]).toEqual([1, 'mhp-explore/1']);
    expect(results).toMatchObject([
      {
        program: 'hotrm(2)',
        mode: 'states',
        verdict: 'violated',
        violation: { monitor: 'use-after-free', subjects: { object: 'table#0' } },
        stats: { states: 19 },
        token: TOKEN,
        story: { threads: ['remover', 'walker'] },
        self_check: [],
      },
    ]);
    expect(stdout.match(/^ *"[a-z]+[A-Z]\w*":/m)).toBeNull();
  });

  test('the story as a trace-event file', () => {
    expect(mhp('explore', '--timeline', at('t.json'), 'philosophers(3)').status).toBe(1);
    expect(JSON.parse(readFileSync(at('t.json'), 'utf8'))).toHaveProperty('traceEvents');
    const none = mhp('explore', '--timeline', at('none.json'), 'MP');
    expect(none.stderr).toBe('mhp: there is no story: FOLDER/none.json is not written\n');
    expect([none.status, existsSync(at('none.json'))]).toEqual([0, false]);
  });
});

test('random: the same runs on any number of threads, and their probability bound', () => {
  const nothing = mhp('explore', '--mode', 'random', '--runs', '100', 'readers(8)');
  expect(nothing).toEqual({
    status: 0,
    stdout:
      'readers(8): nothing found\nmode random: 100 runs, 900 steps, the longest run 9\n' +
      'a bug of depth 3 that shows within 9 steps is found by one run with probability at least 0.137 %, by 100 runs with at least 12.8 %\n',
    stderr: '',
  });
  const found = ['explore', '--mode', 'random', '--seed', '5', '--depth', '2', 'hotrm(40)'];
  const one = mhp(...found);
  expect(one.status).toBe(1);
  expect(mhp(...found, '--threads', '2')).toEqual(one);
});

test('several programs: the same text on any number of threads', () => {
  const names = ['philosophers(3)', 'SB', 'racers(2,1)'];
  const one = mhp('explore', '--threads', '1', ...names);
  expect(one.status).toBe(1);
  expect(one.stdout).toBe(names.map((name) => mhp('explore', name).stdout).join('\n'));
  expect(mhp('explore', '--threads', '2', ...names)).toEqual(one);
});

describe('a search that is stopped goes on from its checkpoint to the same counts', () => {
  const PROGRAM = 'lastzero(8)';
  const whole = (mode: string) => mhp('explore', '--mode', mode, PROGRAM);

  test.each([
    ['states', 'time', ['--max-time', '0']],
    ['traces', 'time', ['--max-time', '0']],
    ['states', 'memory', ['--max-memory', '1M']],
  ])('%s: the bound on %s', (mode, bound, flags) => {
    const file = at(`${mode}-${bound}`);
    const stopped = mhp('explore', '--mode', mode, ...flags, '--checkpoint', file, PROGRAM);
    expect(stopped.stdout).toContain(`${PROGRAM}: undecided, stopped by the bound on ${bound}\n`);
    expect([stopped.status, existsSync(`${file}.part`)]).toEqual([3, false]);
    expect(mhp('explore', '--resume', file, PROGRAM)).toEqual(whole(mode));
  });

  test('with a bound on steps', () => {
    const steps = ['--max-steps', '20'];
    mhp('explore', ...steps, '--max-time', '0', '--checkpoint', at('steps'), PROGRAM);
    const resumed = mhp('explore', '--resume', at('steps'));
    expect(resumed).toEqual(mhp('explore', ...steps, PROGRAM));
    expect(resumed.stdout).toContain('proved within the bound on steps');
  });

  test('a checkpoint of a few bytes', () => {
    const traces = ['explore', '--mode', 'traces', 'floating_read(7)'];
    mhp(...traces, '--max-time', '0', '--checkpoint', at('small'));
    expect(statSync(at('small')).size).toBeLessThan(4096);
    expect(mhp(...traces, '--resume', at('small'))).toEqual(mhp(...traces));
  });

  const SIGHUP_CAUGHT = 1n;
  /**
   * Whether a process has installed handlers for the signals that end it (proc(5): SigCgt; node itself does not handle
   * SIGHUP).
   */
  const listens = (pid: number) => {
    const caught = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^SigCgt:\s*(\w+)$/m);
    return caught !== null && (BigInt(`0x${caught[1]}`) & SIGHUP_CAUGHT) !== 0n;
  };

  /** Sends a signal to the program after `after` milliseconds. */
  const signalled = async (signal: NodeJS.Signals, args: readonly string[], after = 0) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    while (child.exitCode === null && !listens(child.pid!)) await setTimeout(1);
    await setTimeout(after);
    child.kill(signal);
    return { status: await ended, stdout };
  };

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s', async (signal) => {
    const file = at(signal);
    const stopped = await signalled(signal, ['explore', '--checkpoint', file, 'fib_bench(6)']);
    expect(stopped.status).toBe(3);
    expect(stopped.stdout).toContain('fib_bench(6): undecided, interrupted\n');
    if (signal !== 'SIGINT') return;
    expect(mhp('explore', '--resume', file)).toEqual(mhp('explore', 'fib_bench(6)'));
  });

  test('a signal during the self-check loses nothing', async () => {
    const { status, stdout } = await signalled('SIGINT', ['explore', '--self-check', 'increments(12)'], 3000);
    expect(stdout).toMatch(/^increments\(12\): proved\n.*\nself-check: interrupted\n$/);
    expect(status).toBe(3);
  });
});

describe('bad input: one line, exit status 2', () => {
  const damaged = (offset: number) => {
    const bytes = readFileSync(at('good'));
    bytes[offset]! ^= 0x41;
    writeFileSync(at(`damaged${offset}`), bytes);
    return ['explore', '--resume', at(`damaged${offset}`), 'fib_bench(5)'];
  };
  beforeAll(() => {
    mhp('explore', '--max-time', '0', '--checkpoint', at('good'), 'fib_bench(5)');
  });

  const LIST = 'mhp explore --list prints them';
  test.each<[string, () => readonly string[], string]>([
    ['no program', () => ['explore'], 'mhp: explore: name a program; --list prints them'],
    ['an unknown one', () => ['explore', 'foo'], `mhp: foo: no such program; ${LIST}`],
    [
      'too large',
      () => ['explore', 'readers(1e9)'],
      `mhp: readers(1e9): n is a whole number from 1 to 28; ${LIST}`,
    ],
    [
      'negative',
      () => ['explore', 'hotrm(-1)'],
      `mhp: hotrm(-1): n is a whole number from 1 to 1024; ${LIST}`,
    ],
    ['no argument', () => ['explore', 'hotrm'], `mhp: hotrm: it is written hotrm(n); ${LIST}`],
    [
      'an option of another mode',
      () => ['explore', '--runs', '3', 'SB'],
      'mhp: explore: --runs cannot be used with mode states',
    ],
    [
      'a missing folder',
      () => ['explore', '--checkpoint', at('no/c'), 'SB'],
      'mhp: FOLDER/no/c: no such file or directory',
    ],
    ['no checkpoint', () => ['explore', '--resume', main, 'SB'], `mhp: ${main}: this is not a checkpoint`],
    [
      'a foreign checkpoint',
      () => ['explore', '--resume', at('good'), 'SB'],
      'mhp: FOLDER/good: the checkpoint is of fib_bench(5), not of SB',
    ],
    ['damage in the length', () => damaged(5), 'mhp: FOLDER/damaged5: the checkpoint is damaged'],
    ['damage in the body', () => damaged(99), 'mhp: FOLDER/damaged99: the checkpoint is damaged'],
    ['a bad token', () => ['replay', 'mhp1-xyz'], 'mhp: the token is damaged'],
    ['no token', () => ['replay', 'xyz'], 'mhp: a token begins with mhp1-'],
  ])('%s', (_, args, line) => {
    expect(mhp(...args())).toEqual({ status: 2, stdout: '', stderr: `${line}\n` });
  });
});

describe('files that are written', () => {
  const story = (path: string) => mhp('explore', '--timeline', path, 'philosophers(3)');
  const refused = (path: string, line: string, flag = '--timeline') =>
    expect(mhp('explore', flag, path, 'philosophers(3)')).toEqual({
      status: 2,
      stdout: '',
      stderr: `mhp: ${line}\n`,
    });

  test('a path that cannot be one is refused before the search, in one line', () => {
    writeFileSync(at('plain'), '');
    symlinkSync(at('loop'), at('loop'));
    writeFileSync(at('read-only'), '', { mode: 0o444 });
    for (const flag of ['--timeline', '--checkpoint']) {
      refused(at('plain/x'), 'FOLDER/plain/x: cannot be used (ENOTDIR)', flag);
      refused(at('loop'), 'FOLDER/loop: cannot be used (ELOOP)', flag);
      refused(at('n'.repeat(300)), `FOLDER/${'n'.repeat(300)}: cannot be used (ENAMETOOLONG)`, flag);
      refused(at('read-only'), 'FOLDER/read-only: read-only', flag);
      refused(folder, 'FOLDER: is a directory', flag);
      refused('', `explore: ${flag} needs a file name`, flag);
    }
    refused('/dev/null', '/dev/null: is no regular file', '--resume');
    refused(folder, 'FOLDER: is a directory', '--resume');
  });

  test('one file for both is refused, under whatever name', () => {
    symlinkSync('both', at('alias'));
    const both = mhp('explore', '--timeline', at('alias'), '--checkpoint', at('both'), 'SB');
    expect(both.stderr).toBe('mhp: explore: --checkpoint and --timeline name the same file\n');
  });

  test('devices are written straight through, links are followed, a name may be as long as names may be', () => {
    expect(story('/dev/null').status).toBe(1);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    const { stdout } = story('/dev/stdout');
    expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toHaveProperty('traceEvents');
    symlinkSync('pointed', at('pointing'));
    expect([story(at('pointing')).status, lstatSync(at('pointing')).isSymbolicLink()]).toEqual([1, true]);
    expect(JSON.parse(readFileSync(at('pointed'), 'utf8'))).toHaveProperty('traceEvents');
    expect(story(at('n'.repeat(255))).status).toBe(1);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('what cannot be written after all is complained of after the report', () => {
    const { stdout } = mhp('explore', 'philosophers(3)');
    const stderr = 'mhp: /dev/full: cannot be used (ENOSPC)\n';
    expect(story('/dev/full')).toEqual({ status: 2, stdout, stderr });
    const stopped = mhp('explore', '--max-time', '0', '--checkpoint', '/dev/full', 'fib_bench(5)');
    expect(stopped).toMatchObject({ status: 2, stderr });
    expect(stopped.stdout).toContain('fib_bench(5): undecided, stopped by the bound on time\n');
  });
});

test('a reader that leaves does not change the verdict', () => {
  const command = `{ '${process.execPath}' '${main}' explore 'philosophers(3)'; echo $? >&2; } | true`;
  expect(spawnSync('sh', ['-c', command], { encoding: 'utf8' }).stderr).toBe('1\n');
});

test('--list names programs that can be explored', () => {
  const names = mhp('explore', '--list')
    .stdout.split('\n')
    .slice(0, -1)
    .map((line) => line.split('  ')[0]!);
  expect(names).toContain('hotrm(n)');
  const small = names.map((name) => name.replace(/\w+(?=[,)])/g, '2'));
  expect(mhp('explore', ...small).stdout.match(/^\w.*: (proved|violated)/gm)).toHaveLength(names.length);
});

describe('a module of your own', () => {
  const module = (name: string, text: string): string => {
    writeFileSync(at(name), text);
    return at(name);
  };
  const TEXT = `import { explore, lock, type Steps } from 'mhp/explorer';
function* run(): Steps<void> {
  yield lock('a');
  yield lock('a');
}
console.log('mine');
export default explore({ name: 'twice', threads: [{ name: 'A', run }] });
`;

  test('is explored, and its token replayed from it', () => {
    const file = module('twice.ts', TEXT);
    const { status, stdout, stderr } = mhp('explore', file);
    const token = /mhp replay (\S+) (\S+)\n$/.exec(stdout)!;
    expect([status, stderr, token[2]]).toEqual([1, 'program: mine\n', file]);
    expect(stdout).toMatch(/^twice: violated, deadlock\n/);
    const again = mhp('replay', token[1]!, file);
    expect([again.status, again.stdout]).toEqual([1, stdout.split('\n').slice(4, -2).join('\n')]);
    expect(mhp('replay', TOKEN, file).stderr).toBe('program: mine\nmhp: no program is called hotrm(2)\n');
  });

  test('on worker threads with a built-in one, and by random runs', () => {
    const file = module('twice.ts', TEXT);
    const both = mhp('explore', '--threads', '2', file, 'SB');
    expect([both.status, both.stdout.match(/^\S+: (proved|violated)/gm)]).toEqual([
      1,
      ['twice: violated', 'SB: proved'],
    ]);
    const random = mhp('explore', '--mode', 'random', '--threads', '2', file);
    expect([random.status, random.stdout.match(/^mode random: .*/m)![0]]).toEqual([
      1,
      'mode random: 1 run, 1 step, the longest run 1',
    ]);
  });

  test('that is none, or goes wrong, is bad input', () => {
    const bad = (name: string, text: string) => {
      const { status, stdout, stderr } = mhp('explore', module(name, text));
      expect([status, stdout]).toEqual([2, '']);
      return stderr;
    };
    expect(bad('none.js', 'export const x = 1;')).toBe(
      'mhp: FOLDER/none.js: its default export is not what explore() of mhp/explorer returns\n',
    );
    expect(bad('throws.js', 'throw new RangeError("mine");')).toBe(
      'mhp: FOLDER/throws.js: RangeError: mine\n',
    );
    expect(
      bad(
        'step.js',
        `import { explore } from 'mhp/explorer';
        export default explore({ name: 'p', threads: [{ name: 'A', *run() { yield 3; } }] });`,
      ),
    ).toBe('mhp: FOLDER/step.js: thread A yields something that is not a step\n');
    expect(bad('files.js', "import 'node:fs';")).toBe(
      'mhp: FOLDER/files.js: line 1: imports "node:fs": a module imports mhp and files of its own folder\n',
    );
    expect(bad('exits.js', 'process.exit(0);')).toBe(
      'mhp: FOLDER/exits.js: Error: there is no process.exit: a program has no files, network, timers, processes or workers\n',
    );
    expect(bad('syntax.js', 'export default (')).toMatch(/^mhp: FOLDER\/syntax\.js: line 1: /);
    expect(mhp('explore', at('nothing.js')).stderr).toBe('mhp: FOLDER/nothing.js: no such file\n');
  });
});
