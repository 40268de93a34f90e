import { expect, test } from 'vitest';
import { recordedLog } from './dmesg.ts';

const linesOf = (...log: readonly string[]): readonly string[] => recordedLog(log.join('\n')).lines;

test.each([
  ['a time stamp', '[   38.030510] Offlined Pages 32768'],
  ['the line end of a console', '[   38.030510] Offlined Pages 32768\r'],
  ['two of them', '[   38.030510] Offlined Pages 32768\r\r'],
  ['a level', '<6>[   38.030510] Offlined Pages 32768'],
  ['a task as the caller', '[   38.030510][  T123] Offlined Pages 32768'],
  ['a CPU as the caller', '<4>[   38.030510][    C1] Offlined Pages 32768\r'],
  ['no time stamp', 'Offlined Pages 32768'],
])('%s is taken off', (_, line) => {
  expect(linesOf(line, '')).toEqual(['Offlined Pages 32768']);
});

test.each([
  ['.isra.0', 'section_deactivate.isra.0'],
  ['.constprop.0', 'section_deactivate.constprop.0'],
  ['.part.0', 'section_deactivate.part.0'],
  ['.cold', 'section_deactivate.cold'],
  ['several', 'section_deactivate.constprop.0.isra.1'],
  ['a function that the compiler made part of its caller', 'clear_subsection_map'],
])('the name of a copy of a function is the name of the function: %s', (_, name) => {
  const where = `${name}+0x1c/0x2b4`;
  expect(linesOf(`WARNING: CPU: 1 PID: 77 at mm/sparse.c:749 ${where}`)).toEqual([
    'WARNING: at section_deactivate',
  ]);
  const oops = [
    'Unable to handle kernel paging request at virtual address ffff000040000000',
    `pc : ${where}`,
  ];
  expect(linesOf(...oops)[1]).toBe('pc : section_deactivate');
});

test('the access flag of table descriptors is no difference, their type is', () => {
  const walk = (pud: string): readonly string[] =>
    linesOf(
      'Unable to handle kernel paging request at virtual address ffff000040000000',
      `[ffff000040000000] pgd=180000007fff8003, p4d=180000007fff8003, pud=${pud}, pmd=0000000000000000`,
    );
  expect(walk('180000007fff7403')).toEqual(walk('180000007fff7003'));
  expect(walk('180000007fff7401')).not.toEqual(walk('180000007fff7003'));
});

test('a warning of 7.2 has its place before its function', () => {
  const { lines } = recordedLog(
    '[   24.46] WARNING: mm/memory_hotplug.c:1539 at add_memory_resource+0x220/0x5f0, CPU#0: sync/173\n',
  );
  expect(lines).toEqual(['WARNING: at add_memory_resource']);
});

test('a BUG with its place in the source has the function of the dump behind it', () => {
  const { lines } = recordedLog(
    [
      '[   24.46] kernel BUG at mm/memory_hotplug.c:1398!',
      '[   24.46] invalid opcode: 0000 [#1] PREEMPT SMP NOPTI',
      '[   24.46] RIP: 0010:add_memory_resource+0x2be/0x2e0',
      '[   24.46] RIP: 0033:0x7f0',
      '',
    ].join('\n'),
  );
  expect(lines).toEqual(['BUG at add_memory_resource']);
});

test('what is not compared is counted by reason', () => {
  const { lines, dropped } = recordedLog(
    [
      '[    1.0] pci 0000:00:01.0: some bus',
      '[    2.0] page:00000000 refcount:1 mapcount:0 mapping:0000 index:0x0 pfn:0x88000',
      '[    2.0] flags: 0x0(node=1|zone=2)',
      '[    2.0] page dumped because: migration failure',
      '[    3.0] WARNING: CPU: 1 PID: 77 at mm/sparse.c:749 section_deactivate+0x1c/0x2b4',
      '[    3.0] pc : section_deactivate+0x1c/0x2b4',
      '[    4.0] Unable to handle kernel paging request at virtual address ffff000040000000',
      '[    4.0] pc : __init_single_page+0x1c/0x2b4',
      '[    5.0] Offlined Pages 32768',
      '',
    ].join('\n'),
  );
  expect(lines).toEqual([
    'WARNING: at section_deactivate',
    'Unable to handle kernel paging request at virtual address ffff000040000000',
    'pc : __init_single_page',
  ]);
  expect(dropped).toEqual([
    { why: 'of other subsystems (pci)', times: 1 },
    { why: 'dumps of pages that could not be migrated, whose number is random', times: 3 },
    { why: 'registers of warnings', times: 1 },
    { why: 'of memory hotplug, after a crash', times: 1 },
  ]);
});
