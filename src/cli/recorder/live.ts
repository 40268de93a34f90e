import { connect } from 'node:net';
import { join } from 'node:path';
import { conform } from '../../conform/replay-recording.ts';
import type { Difference } from '../../conform/tally.ts';
import { openRecording } from '../../machines/recording/open-recording.ts';
import type { Guest } from '../../record/guest/guest.ts';

/** What needs the guest while it runs: the model beside it, its console, its sockets. */

/** The differences of the last step of a recording that is not finished. */
export async function lastDifferences(dir: string): Promise<readonly Difference[]> {
  const { steps } = conform(await openRecording(dir));
  return steps.at(-1)?.differences ?? [];
}

/** Ctrl-] leaves the console, as in telnet and `virsh console`. */
const LEAVE = 0x1d;

/** Connects the terminal with the guest's console until Ctrl-] or QEMU's end; nothing without a terminal. */
export async function attachConsole(guest: Guest): Promise<void> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return;
  process.stderr.write('a shell on the guest’s console; Ctrl-] leaves it\n');
  const socket = connect(join(guest.dir, 'console'));
  await new Promise<void>((resolve) => {
    const leave = (): void => {
      stdin.off('data', typed);
      stdin.setRawMode(false);
      stdin.pause();
      socket.destroy();
      resolve();
    };
    const typed = (bytes: Buffer): void => {
      if (bytes.includes(LEAVE)) leave();
      else socket.write(bytes);
    };
    socket.on('close', leave);
    socket.on('error', leave);
    socket.on('data', (bytes) => stdout.write(bytes));
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on('data', typed);
    socket.write('\n');
  });
}

/** Names the guest's sockets and waits until it is stopped from outside. */
export async function keep(guest: Guest): Promise<void> {
  const sockets = ['qmp', 'gdb', 'console'].map((name) => `${name.padEnd(8)} ${join(guest.dir, name)}\n`);
  process.stderr.write(`the guest goes on until Ctrl-C; QEMU is process ${guest.pid}\n${sockets.join('')}`);
  await Promise.race([
    guest.ended,
    new Promise<void>((resolve) => {
      if (guest.signal.aborted) resolve();
      else guest.signal.addEventListener('abort', () => resolve());
    }),
  ]);
}
