import { Command } from 'commander';
import { vi } from 'vitest';

export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  /** The exception; undefined if it ended normally. */
  readonly error: unknown;
}

/**
 * Runs a command of the program in this process, and returns its output and how it ended. It may set process.exitCode.
 */
export async function inProcess(
  define: (command: Command) => void,
  args: readonly string[],
): Promise<Printed> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk, ...rest: readonly unknown[]) => {
      printed[stream] += String(chunk);
      for (const done of rest) if (typeof done === 'function') done();
      return true;
    }),
  );
  let error: unknown;
  try {
    const program = new Command('mhp').exitOverride();
    define(program.command(args[0]!));
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    error = thrown;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return { ...printed, error };
}

/** Its output. @throws what it throws */
export async function printedBy(
  define: (command: Command) => void,
  args: readonly string[],
): Promise<string> {
  const { stdout, error } = await inProcess(define, args);
  if (error !== undefined) throw error;
  return stdout;
}
