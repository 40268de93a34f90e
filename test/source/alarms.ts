import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/** What goes wrong where an allocation fails, and how it has been judged. */

const judgedSchema = z.strictObject({
  name: z.string(),
  /** An entry of the catalogue; a defect that it does not have; what the kernel says; what follows from the scenario or the model. */
  is: z.enum(['entry', 'defect', 'complaint', 'scenario', 'limit']),
  arch: z.enum(['arm64', 'x86_64']),
  /** A regular expression that the whole alarm matches. */
  alarm: z.string(),
  /** The entries, or functions of random operations, in which it may occur. */
  in: z.array(z.string()),
  about: z.string(),
});
export type Judged = z.infer<typeof judgedSchema>;

export const JUDGED: readonly Judged[] = z
  .array(judgedSchema)
  .parse(parse(readFileSync(new URL('failures.yaml', import.meta.url), 'utf8')));

export const judgementOf = (arch: Judged['arch'], alarm: string, where: string): Judged | undefined =>
  JUDGED.find(
    (row) => row.arch === arch && new RegExp(`^(?:${row.alarm})$`).test(alarm) && row.in.includes(where),
  );

interface Row {
  readonly where: Map<string, number>;
  readonly first: string;
  readonly name: string;
}

/** Alarms by text, with where they occurred, how often, and their names. */
export class Alarms {
  readonly #arch: Judged['arch'];
  readonly #rows = new Map<string, Row>();
  unnamed = 0;

  constructor(arch: Judged['arch']) {
    this.#arch = arch;
  }

  note(alarm: string, where: string, first: string): void {
    const judged = judgementOf(this.#arch, alarm, where);
    if (!judged) this.unnamed++;
    const name = judged ? `${judged.is}: ${judged.name}` : 'without a name';
    const key = `${name}\n${alarm}`;
    const row = this.#rows.get(key) ?? { where: new Map<string, number>(), first, name };
    row.where.set(where, (row.where.get(where) ?? 0) + 1);
    this.#rows.set(key, row);
  }

  get text(): string {
    return [...this.#rows]
      .map(([key, { where, first, name }]) => {
        const places = [...where].map(([place, times]) => `${place} ${times}`).join(', ');
        return `${name}: ${key.split('\n')[1]}\n    ${places}\n    first: ${first}\n`;
      })
      .join('');
  }
}
