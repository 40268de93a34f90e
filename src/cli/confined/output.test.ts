import { expect, test } from 'vitest';
import { Output } from './output.ts';

test('what is printed past a length is cut off, once a task', () => {
  const sent: string[] = [];
  const output = new Output(({ printed }) => sent.push(printed));
  output.print('a line');
  output.print('x'.repeat(20_000));
  output.print('too late');
  expect(sent).toEqual(['a line', `${'x'.repeat(16_377)}\n… more than 16384 characters\n`]);
  output.restart();
  output.print('the next task');
  expect(sent.at(-1)).toBe('the next task');
});
