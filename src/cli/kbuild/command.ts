import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly status: number;
  readonly out: string;
  /** The end of its error output. */
  readonly errors: string;
}

/** As much as a message shows of what a program printed. */
const TAIL = 4000;

/** Runs a program and collects its output. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(options.cwd ? { cwd: options.cwd } : {}),
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    let errors = '';
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => {
      errors = (errors + data.toString()).slice(-TAIL);
    });
    child.on('error', reject);
    child.on('close', (status) =>
      resolve({ status: status ?? 1, out: Buffer.concat(out).toString(), errors }),
    );
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}
