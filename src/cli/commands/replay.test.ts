import { expect, test } from 'vitest';
import { standardMonitors } from '../../schedule/monitors/index.ts';
import { hotrm } from '../../schedule/programs/hotrm.ts';
import { encodeToken } from '../../schedule/replay/token.ts';
import type { Violated } from '../../schedule/replay/verdict.ts';
import { explore } from '../../schedule/search/explore.ts';
import { replayCommand } from './replay.ts';

const find = (name: string) =>
  name === 'hotrm(1)' ? { program: hotrm(1), monitors: standardMonitors } : undefined;
const trace = (explore(hotrm(1)) as Violated).trace;

test('a token is replayed', () => {
  const token = encodeToken(hotrm(1), trace);
  expect(replayCommand(token, find, 'text')).toMatchObject({ code: 1, error: '' });
  expect(JSON.parse(replayCommand(token, find, 'json').out)).toMatchObject({ schema: 'mhp/trace/1', token });
  expect(JSON.parse(replayCommand(token, find, 'chrome').out)).toHaveProperty('traceEvents');
  expect(replayCommand(encodeToken(hotrm(1), trace.slice(0, 2)), find, 'text')).toMatchObject({ code: 0 });
});

test('a bad token, or one of a program nobody knows, is bad input', () => {
  expect(replayCommand('mhp1-xyz', find, 'text')).toEqual({
    out: '',
    error: 'mhp: BadToken: the token is damaged\n',
    code: 2,
  });
  const other = encodeToken(hotrm(2), []);
  expect(replayCommand(other, find, 'text').error).toBe('mhp: BadToken: no program is called hotrm(2)\n');
});
