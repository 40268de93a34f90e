import type { Story } from '../../schedule/replay/replay.ts';
import type { SourceLine } from '../../steps/within.ts';

/** As many places as a sentence lists. */
const PLACES = 6;

/**
 * The lines of C that take some steps, all in the file of the first, with the variables that are the same in all:
 * "  (mm/vmalloc.c:390-412; end 0xffff800080000000)".
 */
export function sourceText(lines: readonly SourceLine[]): string {
  const [first] = lines;
  if (!first) return '';
  const numbers = lines.filter(({ file }) => file === first.file).map(({ line }) => line);
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const same = (first.variables ?? []).filter(({ name, value }) =>
    lines.every(({ variables = [] }) => variables.some((one) => one.name === name && one.value === value)),
  );
  const variables = same.map(({ name, value }) => `${name} ${value}`).join(', ');
  const plain = lines.length === 1 && first.access === 'plain' ? '; plain' : '';
  const place = `${first.file}:${least === most ? least : `${least}-${most}`}`;
  return `  (${place}${variables === '' ? '' : `; ${variables}`}${plain})`;
}

/** The text of the line that takes all of some steps; undefined if several do, or if the tree is not at hand. */
export function textOf(lines: readonly SourceLine[]): string | undefined {
  const [first] = lines;
  return lines.every(({ file, line }) => file === first?.file && line === first.line)
    ? first?.text
    : undefined;
}

/** The plain accesses of C to entries in a story, and what they mean; '' without one. */
export function plainText({ events }: Story): string {
  const places = new Set<string>();
  const twice = new Set<string>();
  const read = new Map<string, string>();
  for (const { step, thread } of events) {
    if (step?.op !== 'call' || step.line?.access !== 'plain') continue;
    const { file, line } = step.line;
    const place = `${file}:${line}`;
    places.add(place);
    if (step.operation.name !== 'read_at') continue;
    // within one call of a function
    const key = `${thread} ${step.by?.at(-1)?.nr} ${step.args[0]}`;
    const before = read.get(key);
    if (before !== undefined) twice.add(before === place ? place : `${before} and ${place}`);
    read.set(key, place);
  }
  if (places.size === 0) return '';
  const again = twice.size > 0 ? ` The same entry is read twice by ${listed(twice)}.` : '';
  return `Plain accesses in C: ${listed(places)}.${again} A compiler may do one twice, or two as one: what ran is one legal compilation among several.`;
}

function listed(places: ReadonlySet<string>): string {
  const all = [...places];
  const more = all.length - PLACES;
  return more > 0 ? `${all.slice(0, PLACES).join(', ')} and ${more} more` : all.join(', ');
}
