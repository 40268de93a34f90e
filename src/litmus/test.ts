import { z } from 'zod';
import { InputError, quote } from '../errors/input-error.ts';
import { parseYamlText, type YamlText } from '../machines/text/yaml-text.ts';
import { IN_WORDS, placeOf } from '../machines/text/zod-place.ts';
import { type LitmusInstruction, parseInstruction } from './instruction.ts';
import { parseX86Instruction } from './x86/instruction.ts';

const name = z.string().min(1).max(100);
const instruction = z.string().max(200);

const schema = z.strictObject({
  name,
  /** The collection it comes from, and its name there. */
  source: z.string().min(1).max(200),
  arch: z.enum(['arm64', 'x86_64']).default('arm64'),
  /** Its question, in one sentence. */
  asks: z.string().min(1).max(500),
  expected: z.enum(['allowed', 'forbidden']),
  /**
   * How a thread continues after a fault: with the next instruction, as a handler that skips the faulting one would; or
   * not at all.
   */
  after_fault: z.enum(['next', 'stop']).default('stop'),
  /** The differences from the default, in which every name is mapped to a page of its own that holds 0. */
  initially: z
    .record(z.string().max(60), z.union([z.string().max(100), z.int().min(0).max(999)]))
    .default({}),
  threads: z.array(z.array(instruction).min(1).max(20)).min(1).max(4),
  /** The conditions that must hold together at the end. */
  finally: z
    .record(z.string().max(60), z.union([z.string().max(100), z.int().min(0).max(999)]))
    .refine((ends) => Object.keys(ends).length > 0, 'says nothing'),
});

/** A translation litmus test: can these threads reach this final state? */
export interface LitmusTest {
  readonly file: string;
  readonly name: string;
  readonly source: string;
  readonly arch: 'arm64' | 'x86_64';
  readonly asks: string;
  readonly expected: 'allowed' | 'forbidden';
  readonly after_fault: 'next' | 'stop';
  readonly initially: Readonly<Record<string, string>>;
  readonly threads: readonly (readonly LitmusInstruction[])[];
  readonly finally: Readonly<Record<string, string>>;
  /** The place of a part of the test in its file, for messages. */
  readonly place: (path: readonly PropertyKey[]) => string;
}

/**
 * Parses a test (YAML; see the examples in `litmus/*.yaml` and src/litmus/README.md).
 * @throws InputError naming line and key
 */
export function parseLitmus(text: string, file: string): LitmusTest {
  const yaml = parseYamlText(text, file);
  const place = placeIn(yaml);
  const parsed = schema.safeParse(yaml.value, IN_WORDS);
  if (!parsed.success) {
    throw new InputError(file, place(parsed.error.issues[0]?.path ?? []), placeOf(parsed.error).what);
  }
  const { data } = parsed;
  const parse = data.arch === 'x86_64' ? parseX86Instruction : parseInstruction;
  const threads = data.threads.map((code, t) =>
    code.map((line, i) => {
      const found = parse(line.trim().replace(/\s+/g, ' '));
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
