import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { InputError } from '../errors/input-error.ts';
import { codeOf, reason } from '../errors/system-error.ts';
import { undoAtExit } from './guest/leftovers.ts';
import { programPath } from './qemu/process.ts';
import type { RecordedOp } from './steps/performer.ts';

/** Writes a recording: folders of steps, ops.json, and at the end one archive, or the directory itself. */

/** What ops.json says of the run as a whole. */
export interface Head {
  readonly arch: string;
  /** uname -r. */
  readonly kernel: string;
  readonly page_size: number;
  readonly cmdline: string;
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

export class RecordingWriter {
  readonly #output: string;
  /** Beside the output, so that it can be renamed. */
  readonly #work: string;
  readonly #dir: string;
  readonly #forget: () => void;
  readonly #steps: { readonly dir: string; readonly ops: readonly RecordedOp[] }[] = [];

  /**
   * @param output .tar, .tar.gz or .tar.xz for an archive, else a directory
   * @throws InputError if it cannot be written
   */
  constructor(output: string) {
    this.#output = output;
    if (/\.tar\.xz$/.test(output) && programPath('xz') === null)
      throw new InputError(output, '', 'xz is not installed: name a .tar.gz');
    try {
      this.#work = mkdtempSync(join(dirname(output), '.mhp-record-'));
    } catch (error) {
      throw new InputError(output, '', reason(codeOf(error) ?? String(error)));
    }
    this.#forget = undoAtExit(() => rmSync(this.#work, { recursive: true, force: true }));
    this.#dir = join(this.#work, basename(output).replace(/\.tar(\.[gx]z)?$/, ''));
    mkdirSync(this.#dir);
  }

  get steps(): number {
    return this.#steps.length;
  }

  /** Writes a file of the run as a whole. */
  file(path: string, text: string): void {
    this.#write(path, text);
  }

  /** Writes a step: its folder, and what was done. */
  step(dir: string, ops: readonly RecordedOp[], files: ReadonlyMap<string, string>): void {
    for (const [path, text] of files) this.#write(`${dir}/${path}`, text);
    this.#steps.push({ dir, ops });
  }

  #write(path: string, text: string): void {
    const at = join(this.#dir, path);
    try {
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, text);
    } catch (error) {
      this.discard();
      throw new InputError(
        this.#output,
        path,
        `cannot be written: ${reason(codeOf(error) ?? String(error))}`,
      );
    }
  }

  /** The directory with what was written so far. */
  get dir(): string {
    return this.#dir;
  }

  /** Writes ops.json of the steps so far. */
  writeOps(head: Head): void {
    this.#write('ops.json', pretty({ schema: 'mhp-recording/1', ...head, steps: this.#steps }));
  }

  /** Puts the recording in its place; one that was there before is replaced. */
  async finish(head: Head): Promise<void> {
    this.writeOps(head);
    const name = basename(this.#dir);
    try {
      if (!/\.tar(\.[gx]z)?$/.test(this.#output)) {
        rmSync(this.#output, { recursive: true, force: true });
        renameSync(this.#dir, this.#output);
      } else {
        const { create } = await import('tar');
        const tar = join(this.#work, 'out.tar');
        const gzip = this.#output.endsWith('.gz');
        await create({ file: tar, cwd: this.#work, gzip, portable: true, mtime: new Date(0) }, [name]);
        if (this.#output.endsWith('.xz')) {
          await promisify(execFile)('xz', ['-9', tar]);
          renameSync(`${tar}.xz`, this.#output);
        } else renameSync(tar, this.#output);
      }
    } catch (error) {
      throw new InputError(this.#output, '', `cannot be written: ${reason(codeOf(error) ?? String(error))}`);
    } finally {
      this.discard();
    }
  }

  /** Removes what is not in its place. */
  discard(): void {
    rmSync(this.#work, { recursive: true, force: true });
    this.#forget();
  }
}
