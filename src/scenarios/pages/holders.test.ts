import { expect, test } from 'vitest';
import { boot } from '../../boot/boot.ts';
import type { Machine } from '../../machines/machine.ts';
import { findRelease } from '../../releases/index.ts';
import { holderText } from '../../report/run/holders.ts';
import { parseScenario } from '../format/read.ts';
import { runScenario } from '../running/run-scenario.ts';
import { Session } from '../running/session.ts';

/** What the last step says holds a block of ZONE_MOVABLE, or of a kernel zone, back. */
function told(release: string, online: string, ...steps: readonly object[]): string[] {
  const scenario = parseScenario(
    JSON.stringify({
      machine: { arch: 'x86_64', ram: [{ start: 0, size: '1G' }], nodes: [{ node: 0, cpus: '0' }] },
      release,
      steps: [{ add: { start: '4G', size: '128M' } }, { [online]: 32 }, ...steps, { offline: 32 }],
    }),
    'held.yaml',
  );
  const session = new Session(boot(scenario.machine as Machine, findRelease(release)!));
  const last = [...runScenario(scenario, session)].at(-1)!;
  return last.holders.map((holder) => holderText(holder, last.show));
}

const pages = (as: string) => ({ use: { start: '4G', size: '8K', as } });

test('a pinned page, by pfn, kind, zone and owner, and the command that shows it', () => {
  expect(told('v6.1', 'online_movable', pages('pinned'))).toEqual([
    'memory32 is held back by pfn 0x100000-0x100001 (pinned, zone Movable, System RAM): migrate_pages() fails: it has ' +
      'other references than its mappings, such as a pin; mhp pages held.yaml --after 4 --range 0x100000000+0x2000',
  ]);
});

test.each([
  [
    'online_kernel',
    'unmovable',
    'pfn 0x100000-0x100001 (kernel, zone Normal, System RAM): has_unmovable_pages()',
  ],
  ['online_movable', 'offline_ref', '(PageOffline, zone Movable, System RAM): its driver keeps a reference'],
])('%s, %s', (online, as, what) => {
  const [first, ...more] = told('v6.1', online, pages(as));
  expect(first).toContain(what);
  expect(more).toEqual([]);
});

test('a notifier, and memory that is no System RAM, are no pages', () => {
  const armed = {
    write: {
      path: '/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_OFFLINE/error',
      value: '-16',
    },
  };
  expect(told('v6.1', 'online_movable', armed)).toEqual([
    'memory32 is held back: a notifier refuses MEM_GOING_OFFLINE',
  ]);
  expect(told('v5.4', 'online_movable', { lose_resource: { start: '4G', size: '128M' } })).toEqual([
    'memory32 is held back: walk_system_ram_range() finds no System RAM here (/proc/iomem)',
  ]);
});

test('nothing holds back what goes offline', () => {
  expect(told('v6.1', 'online_movable', pages('movable'))).toEqual([]);
});
