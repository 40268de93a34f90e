import { InputError, quote } from '../../errors/input-error.ts';

/**
 * Parses the kernel's list format: "0-2,4" is 0, 1, 2 and 4; an empty line gives an empty list.
 *
 * @param max the greatest number allowed
 * @param file and `place` for messages
 * @throws InputError for anything else, a number above `max`, or numbers that are not ascending
 */
export function parseList(text: string, max: number, file: string, place: string): number[] {
  const line = text.trim();
  if (line === '') return [];
  const numbers: number[] = [];
  for (const part of line.split(',')) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part);
    if (match === null) throw new InputError(file, place, `${quote(part)} is not a number or range`);
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    if (to < from) throw new InputError(file, place, `${quote(part)} runs backwards`);
    if (to > max) throw new InputError(file, place, `${quote(part)} is above ${max}`);
    if (from <= (numbers[numbers.length - 1] ?? -1))
      throw new InputError(file, place, `${quote(part)} is not ascending`);
    for (let n = from; n <= to; n++) numbers.push(n);
  }
  return numbers;
}
