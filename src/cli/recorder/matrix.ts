import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { conform } from '../../conform/replay-recording.ts';
import { InputError } from '../../errors/input-error.ts';
import { UserError } from '../../errors/user-error.ts';
import { openRecording } from '../../machines/recording/open-recording.ts';
import { parseSize } from '../../machines/text/size.ts';
import { parseYamlText } from '../../machines/text/yaml-text.ts';
import { IN_WORDS, placeOf } from '../../machines/text/zod-place.ts';
import { PrivateDir } from '../../record/guest/private-dir.ts';
import { userland } from '../../record/guest/userland.ts';
import { record } from '../../record/record.ts';
import { type MatrixRow, matrixJunit, matrixText } from '../../report/run/record-matrix.ts';
import { saveWhole } from '../files/output.ts';
import { readText } from '../inputs/text-file.ts';
import { Planner, refuse, type Subject, subjectOf, type Wishes } from './prepare.ts';

/** Scenarios on kernels with page sizes, each recorded and compared with the model. */

const size = z.union([z.int().min(1), z.string()]);
const matrixSchema = z.strictObject({
  scenarios: z.array(z.string().min(1)).min(1),
  kernels: z.array(z.string().min(1)).min(1),
  /** Page sizes in place of the scenario's; default: its own. */
  page_sizes: z.array(size).min(1).optional(),
  /** A directory for the recordings, relative to the file. */
  recordings: z.string().min(1),
  /** How much memory the guests that run at the same time may have; default: one guest at a time. */
  memory: size.optional(),
});

export interface MatrixFlags extends Wishes {
  readonly timeout: number;
  readonly bootTimeout: number;
  readonly json?: boolean;
  readonly junit?: string;
}

interface Cell {
  readonly scenario: string;
  readonly kernel: string;
  /** Bytes; null for the scenario's own. */
  readonly page_size: number | null;
  readonly output: string;
}

function readMatrix(file: string): {
  readonly cells: readonly Cell[];
  readonly memory: number;
  readonly dir: string;
} {
  const { value } = parseYamlText(readText(file), file);
  const parsed = matrixSchema.safeParse(value, IN_WORDS);
  if (!parsed.success) {
    const { path, what } = placeOf(parsed.error, value);
    throw new InputError(file, path, what);
  }
  const { scenarios, kernels, page_sizes, recordings, memory } = parsed.data;
  const bytes = (value: number | string, place: string): number => {
    const n = typeof value === 'number' ? value : parseSize(value);
    if (n === undefined) throw new InputError(file, place, `${JSON.stringify(value)} is no size`);
    return n;
  };
  const dir = resolve(dirname(file), recordings);
  const pages = page_sizes?.map((value, i) => bytes(value, `page_sizes[${i}]`)) ?? [null];
  const cells = scenarios.flatMap((scenario) =>
    kernels.flatMap((kernel) =>
      pages.map((page): Cell => {
        const words = [
          basename(scenario).replace(/\.ya?ml$/, ''),
          basename(kernel),
          page === null ? '' : `${page / 1024}k`,
        ];
        const name = words
          .filter((word) => word !== '')
          .join('-')
          .replace(/[^\w.+-]+/g, '-');
        return {
          scenario: resolve(dirname(file), scenario),
          kernel,
          page_size: page,
          output: join(dir, `${name}.tar.gz`),
        };
      }),
    ),
  );
  return { cells, memory: memory === undefined ? 0 : bytes(memory, 'memory'), dir };
}

/** 0 if everything was recorded or cannot be, and agrees; 1 if the model differs; 3 if something is not done. */
export async function runMatrix(file: string, flags: MatrixFlags, signal: AbortSignal): Promise<number> {
  const { cells, memory, dir } = readMatrix(file);
  mkdirSync(dir, { recursive: true });
  const work = new PrivateDir(2 ** 28);
  const rows = new Map<Cell, MatrixRow>();
  let used = 0;
  const waiting = new Set<() => void>();
  const planner = new Planner(work.path, signal);
  const one = async (cell: Cell): Promise<void> => {
    const began = performance.now();
    const about = { scenario: basename(cell.scenario), kernel: cell.kernel, page_size: cell.page_size };
    const row = await outcome(cell).catch((error: unknown): Partial<MatrixRow> => {
      if (error instanceof UserError) return { refused: error.message };
      throw error;
    });
    rows.set(cell, { ...about, seconds: (performance.now() - began) / 1000, ...row });
    if (!flags.json) process.stderr.write(`${rows.size}/${cells.length} ${basename(cell.output)}\n`);
  };
  const outcome = async (cell: Cell): Promise<Partial<MatrixRow>> => {
    const known = existsSync(cell.output);
    const subject = ofPageSize(subjectOf(cell.scenario), cell.page_size);
    let output = cell.output;
    let stopped: string | null = null;
    let crash: string | null = null;
    if (!known) {
      const { kernel, plan } = await planner.plan(subject, cell.kernel, flags);
      refuse(subject.scenario, plan, kernel, flags);
      const files = await userland(kernel, planner.debianOf(subject.machine), plan, false);
      const bytes = plan.machine.layout.ram.reduce((sum, ram) => sum + ram.size, 0);
      while (used > 0 && used + bytes > memory) await new Promise<void>((wake) => waiting.add(wake));
      if (signal.aborted) return { refused: 'interrupted' };
      used += bytes;
      try {
        const partial = cell.output.replace(/\.tar\.gz$/, '.partial.tar.gz');
        const options = {
          boot_timeout: flags.bootTimeout,
          timeout: flags.timeout,
          signal,
          progress: () => {},
        };
        ({ stopped, crash } = await record({ plan, kernel, files, output: partial, ...options }));
        if (stopped === 'interrupted') {
          rmSync(partial, { force: true });
          return { refused: stopped };
        }
        // what ended before the last step is recorded again the next time
        if (stopped !== null) output = cell.output.replace(/\.tar\.gz$/, '.stopped.tar.gz');
        renameSync(partial, output);
      } finally {
        used -= bytes;
        for (const wake of waiting) wake();
        waiting.clear();
      }
    }
    const report = conform(await openRecording(output));
    const sum = (of: (step: (typeof report.steps)[number]) => number): number =>
      report.steps.reduce((all, step) => all + of(step), 0);
    return {
      recording: output,
      resumed: known,
      stopped,
      crash,
      steps: report.steps.length,
      compared: sum((step) => step.compared),
      differ: sum((step) => step.differences.length),
      first:
        report.steps.flatMap((step) => step.differences.map((one) => `${step.dir}: ${one.what}`))[0] ?? null,
    };
  };
  try {
    await Promise.all(memory === 0 ? [] : cells.map(one));
    if (memory === 0) for (const cell of cells) await one(cell);
  } finally {
    work.remove();
  }
  const all = cells.map((cell) => rows.get(cell)!);
  if (flags.junit !== undefined) saveWhole(flags.junit, matrixJunit(all));
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ schema: 'mhp-record-matrix/1', rows: all }, null, 2)}\n`
      : matrixText(all),
  );
  if (all.some(({ differ = 0 }) => differ > 0)) return 1;
  return all.some(({ stopped, refused }) => stopped || refused) ? 3 : 0;
}

const ofPageSize = (subject: Subject, pageSize: number | null): Subject =>
  pageSize === null ? subject : { ...subject, machine: { ...subject.machine, page_size: pageSize } };
