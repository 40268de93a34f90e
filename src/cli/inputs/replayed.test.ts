import { expect, test } from 'vitest';
import { hotrm } from '../../schedule/programs/hotrm.ts';
import { BadToken, encodeToken } from '../../schedule/replay/token.ts';
import type { Violated } from '../../schedule/replay/verdict.ts';
import { explore } from '../../schedule/search/exploration.ts';
import { replayed } from './replayed.ts';

const find = (name: string) => (name === 'hotrm(1)' ? { exploration: explore(hotrm(1)) } : undefined);
const trace = (explore(hotrm(1)).states().verdict() as Violated).trace;

test('a token is replayed', () => {
  const token = encodeToken(hotrm(1), trace);
  expect(replayed(token, find, 'text')).toMatchObject({ code: 1, error: '' });
  expect(JSON.parse(replayed(token, find, 'json').out)).toMatchObject({ schema: 'mhp-story/1', token });
  expect(JSON.parse(replayed(token, find, 'chrome').out)).toHaveProperty('traceEvents');
  expect(replayed(encodeToken(hotrm(1), trace.slice(0, 2)), find, 'text')).toMatchObject({ code: 0 });
});

test('a bad token, or one of a program nobody knows, is bad input', () => {
  expect(() => replayed('mhp1-xyz', find, 'text')).toThrow(new BadToken('the token is damaged'));
  const other = encodeToken(hotrm(2), []);
  expect(() => replayed(other, find, 'text')).toThrow(new BadToken('no program is called hotrm(2)'));
});
