import { z } from 'zod';
import { InputError, quote } from '../errors/input-error.ts';
import { parseYamlText, type YamlText } from '../machines/text/yaml-text.ts';
import { placeOf } from '../machines/text/zod-place.ts';
import { type LitmusInstruction, parseInstruction } from './instruction.ts';

const name = z.string().min(1).max(100);
const instruction = z.string().max(200);

const schema = z.strictObject({
  name,
  /** Whose test it is, as that collection names it. */
  source: z.string().min(1).max(200),
  /** What it asks, in a sentence. */
  asks: z.string().min(1).max(500),
  expected: z.enum(['allowed', 'forbidden']),
  /** What a thread does after a fault: go on behind it, as a handler that skips it would; or stop. */
  after_fault: z.enum(['next', 'stop']).default('stop'),
  /** What differs from every name being mapped to a page of its own that holds 0. */
  initially: z
    .record(z.string().max(60), z.union([z.string().max(100), z.int().min(0).max(999)]))
    .default({}),
  threads: z.array(z.array(instruction).min(1).max(20)).min(1).max(4),
  /** What must come about together at the end. */
  finally: z
    .record(z.string().max(60), z.union([z.string().max(100), z.int().min(0).max(999)]))
    .refine((ends) => Object.keys(ends).length > 0, 'says nothing'),
});

/** A translation litmus test: can these threads come to this end? */
export interface LitmusTest {
  readonly file: string;
  readonly name: string;
  readonly source: string;
  readonly asks: string;
  readonly expected: 'allowed' | 'forbidden';
  readonly after_fault: 'next' | 'stop';
  readonly initially: Readonly<Record<string, string>>;
  readonly threads: readonly (readonly LitmusInstruction[])[];
  readonly finally: Readonly<Record<string, string>>;
  /** Where something of it stands, for messages. */
  readonly place: (path: readonly PropertyKey[]) => string;
}

/**
 * Parse a test (YAML; `litmus/*.yaml` are examples, src/litmus/README.md tells the rest).
 * @throws InputError naming line and key
 */
export function parseLitmus(text: string, file: string): LitmusTest {
  const yaml = parseYamlText(text, file);
  const place = placeIn(yaml);
  const parsed = schema.safeParse(yaml.value);
  if (!parsed.success) {
    throw new InputError(file, place(parsed.error.issues[0]?.path ?? []), placeOf(parsed.error).what);
  }
  const { data } = parsed;
  const threads = data.threads.map((code, t) =>
    code.map((line, i) => {
      const found = parseInstruction(line.trim().replace(/\s+/g, ' '));
      if (typeof found !== 'string') return found;
      throw new InputError(file, place(['threads', t, i]), `${quote(line)}: ${found}`);
    }),
  );
  const texts = (values: Record<string, string | number>): Record<string, string> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
  return { ...data, file, threads, place, initially: texts(data.initially), finally: texts(data.finally) };
}

function placeIn(yaml: YamlText): (path: readonly PropertyKey[]) => string {
  return (path) => {
    const line = yaml.lineOf(path);
    const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
    return [line === undefined ? '' : `line ${line}`, text.replace(/^\./, '')]
      .filter((p) => p !== '')
      .join(' ');
  };
}
