import type { Explained, Explanation } from '../../answers/explain/explain.ts';
import { plural } from './words.ts';

/** Explanations as text: the sum, then a paragraph for each different message. */

const valueText = (value: string | number): string =>
  typeof value === 'number' && value >= 4096 ? `0x${value.toString(16)}` : String(value);

function one(explained: Explained, times: number): string[] {
  const { line, program, places, values, device, means, change } = explained;
  const where = places.map(({ fn, file, releases }) =>
    [fn === '' ? '' : `${fn}() in `, file, releases === '' ? '' : ` (${releases})`].join(''),
  );
  const read = Object.entries(values).map(([name, value]) => `${name} ${valueText(value)}`);
  return [
    `${line.trim()}${times > 1 ? `  (${times} times)` : ''}`,
    `  ${program}: ${where.slice(0, 3).join('; ') || 'known from reports'}${where.length > 3 ? ` and ${where.length - 3} more` : ''}`,
    ...(device ? [`  device ${device}`] : []),
    ...(read.length > 0 ? [`  ${read.join(', ')}`] : []),
    ...(means ? [`  ${means}`] : []),
    ...change.map((text) => `  ${text.startsWith('$ ') ? text : `- ${text}`}`),
  ];
}

export function explanationText({ lines, explained }: Explanation): string {
  const head = `${explained.length} of ${plural(lines, 'line')} known.`;
  const seen = new Map<string, { first: Explained; times: number }>();
  for (const each of explained) {
    const key = `${each.program} ${each.format} ${JSON.stringify(each.values)}`;
    const before = seen.get(key);
    if (before) before.times++;
    else seen.set(key, { first: each, times: 1 });
  }
  const parts = [...seen.values()].map(({ first, times }) => one(first, times).join('\n'));
  return `${[head, ...parts].join('\n\n')}\n`;
}
