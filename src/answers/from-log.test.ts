import { expect, test } from 'vitest';
import { booted, X86 } from '../../test/kit.ts';
import { readLog } from './from-log.ts';

const warnedAfter = (log: string): readonly string[] => {
  const session = booted('v6.1', X86);
  readLog(session, log);
  return session.state.vars.get(0)!.warned;
};

test('what the kernel has warned of or printed once it does not say again', () => {
  const log = [
    '[   33.253388] [fffffc0000800000-fffffc000080ffff] potential offnode page_structs',
    '[   34.000000] WARNING: CPU: 0 PID: 1 at mm/memory_hotplug.c:331 __add_pages+0x1c/0x30',
    '[   35.000000] Unknown online node for memory at 0x800000000, assuming node 0',
    '',
  ].join('\n');
  expect(warnedAfter(log)).toEqual(['__add_pages', 'vmemmap_verify', 'memory_add_physaddr_to_nid']);
  expect(warnedAfter('potential offnode page_structs were not seen\n')).toEqual([]);
});
