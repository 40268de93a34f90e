import type { z } from 'zod';
import { InputError, InputErrors } from '../../errors/input-error.ts';
import type { YamlText } from './yaml-text.ts';
import { issueText } from './zod-place.ts';

/** What is wrong with a YAML file, collected so that all of it is said at once. */
export class Faults {
  readonly #yaml: YamlText;
  readonly #file: string;
  readonly #found: InputError[] = [];

  constructor(yaml: YamlText, file: string) {
    this.#yaml = yaml;
    this.#file = file;
  }

  /** An error at a path of the file, or of the whole file. */
  at(path: readonly PropertyKey[] | null, what: string): InputError {
    if (path === null) return new InputError(this.#file, '', what);
    const line = this.#yaml.lineOf(path);
    const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
    const place = [line === undefined ? '' : `line ${line}`, text.replace(/^\./, '')];
    return new InputError(this.#file, place.filter((part) => part !== '').join(' '), what);
  }

  add(path: readonly PropertyKey[] | null, what: string): void {
    this.#found.push(this.at(path, what));
  }

  /** Adds what a schema found wrong with the value at `path`. */
  addIssues({ issues }: Pick<z.ZodError, 'issues'>, path: readonly PropertyKey[] = []): void {
    for (const issue of issues) {
      const place = [...path, ...issue.path];
      this.add(place, issueText({ ...issue, path: place }, this.#yaml.value));
    }
  }

  /** The result of reading a part of the file; undefined if that has a fault, which is added. */
  of<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#found.push(...(error instanceof InputErrors ? error.faults : [error]));
      return undefined;
    }
  }

  /** All that was found as one error; undefined if nothing was. */
  error(): InputError | undefined {
    return this.#found.length > 1 ? new InputErrors(this.#found) : this.#found[0];
  }
}
