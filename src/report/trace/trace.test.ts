import { describe, expect, test } from 'vitest';
import { deadlock } from '../../schedule/monitors/index.ts';
import { lock, read, unlock, write } from '../../schedule/program/notation.ts';
import { hotrm } from '../../schedule/programs/hotrm.ts';
import { ReplayDiverged } from '../../schedule/replay/replay.ts';
import { BadToken, decodeToken } from '../../schedule/replay/token.ts';
import { explore } from '../../schedule/search/exploration.ts';
import type { Steps } from '../../steps/step.ts';
import { traceChrome } from './chrome.ts';
import { traceJson } from './json.ts';
import { traceText } from './text.ts';

const search = explore(hotrm(2)).states();
const story = search.story();
const token = search.token();

test('as text', () => {
  expect(traceText(story)).toBe(`step  remover                          walker
   1                                   read upper#0.entry -> 1
   2  write table#0.e0 = 0 (was 1)
   3  write table#0.e1 = 0 (was 1)
   4  write upper#0.entry = 0 (was 1)
   5  free table#0
   6                                   read table#0.e0 ** use-after-free

use-after-free: table#0 is used after it was freed. Step 6 of walker (read table#0.e0) comes after step 5 of remover \
(free table#0). No lock orders them: remover held no lock, walker held no lock. table#0 was there from the beginning, \
freed by remover in step 5.
`);
});

test('a deadlock as text', () => {
  function* reader(): Steps<void> {
    yield lock('mem_hotplug_lock', 'percpu_rwsem', 'read');
    yield lock('mem_hotplug_lock', 'percpu_rwsem', 'read');
    yield unlock('mem_hotplug_lock', 'percpu_rwsem', 'read');
    yield unlock('mem_hotplug_lock', 'percpu_rwsem', 'read');
  }
  function* writer(): Steps<void> {
    yield lock('mem_hotplug_lock', 'percpu_rwsem');
    yield unlock('mem_hotplug_lock', 'percpu_rwsem');
  }
  const program = {
    name: 'recursive',
    threads: [
      { name: 'reader', run: reader },
      { name: 'writer', run: writer },
    ],
  };
  expect(
    traceText(explore(program).only(deadlock).states().story()),
  ).toBe(`step  reader                              writer
   1  lock mem_hotplug_lock (read)
   2                                      lock mem_hotplug_lock (write) announced
      lock mem_hotplug_lock (read) waits
                                          lock mem_hotplug_lock (write) waits

deadlock: no thread can move: reader waits for mem_hotplug_lock, held by itself (writer queued); writer waits for \
mem_hotplug_lock, held by reader (reader queued). reader took mem_hotplug_lock in step 1 and has not released it.
`);
});

test('as JSON', () => {
  const json = traceJson(story, token);
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  expect(json).toMatchObject({
    schema: 'mhp/trace/1',
    program: 'hotrm(2)',
    token,
    threads: ['remover', 'walker'],
    violation: { monitor: 'use-after-free', subjects: { object: 'table#0' } },
  });
  expect(json.steps).toHaveLength(6);
});

test('as a Chrome trace', () => {
  const { traceEvents } = traceChrome(story);
  expect(traceEvents.filter((e) => e.ph === 'M').map((e) => (e.args as { name: string }).name)).toEqual([
    'hotrm(2)',
    'remover',
    'walker',
  ]);
  const slices = traceEvents.filter((e) => e.ph === 'X');
  expect(slices.map((e) => e.tid)).toEqual([2, 1, 1, 1, 1, 2]);
  expect(slices.every((e) => typeof e.ts === 'number' && typeof e.dur === 'number')).toBe(true);
  expect(traceEvents.at(-1)).toMatchObject({ ph: 'i', name: 'violation' });
});

describe('as a token', () => {
  test('is short and replays without searching', () => {
    expect(token).toMatch(/^mhp1-[\w-]+$/);
    expect(token.length).toBeLessThan(48);
    const again = explore(hotrm(2)).replay(token);
    expect(traceText(again)).toBe(traceText(story));
  });

  test('is refused when damaged, foreign or not a token', () => {
    for (let i = 0; i < token.length; i++) {
      const bad = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      // Changing the unused bits of the last character changes nothing.
      if (i === token.length - 1) continue;
      expect(() => decodeToken(bad)).toThrow(BadToken);
    }
    expect(() => decodeToken('hello')).toThrow('a token begins with mhp1-');
    expect(() => explore(hotrm(3)).replay(token)).toThrow('the token is of hotrm(2), not of hotrm(3)');
  });

  test('of a program that has changed diverges, and says so', () => {
    const changed = (run: () => Steps<void>) => ({
      ...hotrm(2),
      threads: [hotrm(2).threads[0]!, { name: 'walker', run }],
    });
    const shorter = changed(function* (): Steps<void> {
      yield read(['upper', 0, 'entry']);
    });
    expect(() => explore(shorter).replay(token)).toThrow('the replay diverges at step 6: walker cannot move');
    const other = changed(function* (): Steps<void> {
      yield read(['upper', 0, 'entry']);
      yield write(['upper', 0, 'entry'], 3);
    });
    expect(() => explore(other).replay(token)).toThrow(ReplayDiverged);
    expect(() => explore(hotrm(2)).replay([{ thread: 5, outcome: 0 }])).toThrow('there is no thread 5');
  });
});
