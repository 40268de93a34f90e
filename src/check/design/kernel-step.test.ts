import { expect, test } from 'vitest';
import { wrongStep } from './kernel-step.ts';

const fn = () => undefined;
const put = { name: 'put', obj: 'pages', writes: true, changes: ['pages'], run: fn };

test.each([
  [{ op: 'read', obj: 'vars', key: 0, field: 'max_pfn' }],
  [{ op: 'write', obj: 'zone', key: 3, field: 'spanned_pages', value: 1 }],
  [{ op: 'call', operation: put, args: [1, null] }],
  [{ op: 'lock', lock: 'a', kind: 'mutex', mode: 'write', try: false }],
  [{ op: 'printk', level: 3, text: '' }],
  [{ op: 'atomic', obj: 'vars', key: 0, field: 'max_pfn', kind: 'add', value: 1 }],
  [{ op: 'synchronize_rcu', rcu: 'rcu' }],
])('%j is a step', (step) => {
  expect(wrongStep(step)).toBeNull();
});

test.each([
  [undefined, 'undefined, which is not a step'],
  ['free', '"free", which is not a step'],
  [{}, 'an object, which is not a step of kernel code'],
  [{ op: 'peek' }, 'op "peek", which is not a step of kernel code'],
  [{ op: 'choose', n: 2 }, 'op "choose", which is not a step of kernel code'],
  [
    { op: 'read', obj: 'varz', key: 0, field: 'x' },
    'read with obj "varz", which is not a table of the kernel',
  ],
  [{ op: 'read', obj: 'vars', key: '0', field: 'x' }, 'read with key "0", which is not a number'],
  [
    { op: 'write', obj: 'vars', key: 0, field: 'x', value: fn },
    'write with value a function, which is not plain data',
  ],
  [{ op: 'call', args: [] }, 'call with operation undefined, which is not an operation'],
  [
    { op: 'call', operation: { ...put, run: undefined }, args: [] },
    'call with operation an object, which is not an operation',
  ],
  [
    { op: 'call', operation: { ...put, changes: ['paages'] }, args: [] },
    'call that changes "paages", which is not part of the state',
  ],
  [
    { op: 'lock', lock: 'a', kind: 'spin', mode: 'write', try: false },
    'lock with kind "spin", which is not one of spinlock, mutex, rwsem, percpu_rwsem, rcu',
  ],
  [{ op: 'printk', level: 9, text: '' }, 'printk with level 9, which is not a level'],
])('%j is none', (step, what) => {
  expect(wrongStep(step)).toBe(what);
});
