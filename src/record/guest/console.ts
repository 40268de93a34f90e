import { existsSync, readFileSync } from 'node:fs';

/** What a kernel prints when it cannot go on as before. */
const CRASH =
  /(?:Kernel panic - not syncing|Internal error: |BUG: (?:unable|kernel|sleeping)|kernel BUG at|Oops(?:: |\b)|Unable to handle kernel|general protection fault)/;

/** The guest's console, which QEMU also writes to a file. */
export class Console {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  text(): string {
    return existsSync(this.#path) ? readFileSync(this.#path, 'latin1').replaceAll('\r', '') : '';
  }

  /** The last lines, without control sequences. */
  end(lines: number): readonly string[] {
    return (
      this.text()
        // biome-ignore lint/suspicious/noControlCharactersInRegex: a console has them
        .replace(/\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f]/g, '')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .slice(-lines)
    );
  }

  get length(): number {
    return this.text().length;
  }

  /** The first line of a crash behind a place of the text; null if there is none. */
  crash(from: number): string | null {
    return (
      this.text()
        .slice(from)
        .split('\n')
        .find((line) => CRASH.test(line)) ?? null
    );
  }

  /** Whether the kernel has panicked. */
  get panicked(): boolean {
    return /Kernel panic - not syncing/.test(this.text());
  }
}
