import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

function reserved(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'reserved', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('one consumer after the other, the RFC always, other forms where they change something', () => {
  const { status, stdout, stderr } = reserved();
  expect([status, stderr]).toEqual([0, '']);
  const lines = stdout.split('\n');
  expect(lines.slice(0, 5)).toEqual([
    'CONSUMER                       QUESTION                        RELEASE                 A   B     C          D   E     F     G   H   M   Z   X',
    'kvm_is_mmio_pfn                MMIO?                           pg-reserved-base        no  no    no/no/BUG  no  no    yes   yes no  yes no  no',
    '                                                               pg-reserved             no  yes ≠ no         no  no    yes   yes no  yes no  no',
    '                                                               pg-reserved-v1          no  yes ≠ no         no  no    yes   yes no  yes no  no',
    '                                                               pg-reserved-unconverted no  no    no/no/BUG  no  no    no ≠  yes no  yes no  no',
  ]);
  const ioremap = lines.findIndex((line) => line.startsWith('__ioremap_check_ram'));
  expect(lines.slice(ioremap, ioremap + 3).map((line) => line.slice(63, 87).trim())).toEqual([
    'pg-reserved-base',
    'pg-reserved',
    'pg-reserved-base',
  ]);
  expect(stdout).toContain('\nX  ZONE_DEVICE, cached, in an online section of boot RAM\n');
});

test('for programs', () => {
  const { stdout } = reserved('--release', 'v5.3,v5.4', '--json');
  const json = JSON.parse(stdout);
  expect(json.schema).toBe('mhp-reserved/1');
  expect(json.kinds.A).toBe('boot RAM, free');
  expect(json.consumers[1]).toEqual({
    consumer: 'kvm_is_reserved_pfn',
    file: 'virt/kvm/kvm_main.c',
    question: 'reserved',
    releases: [
      {
        release: 'v5.3',
        answers: {
          ...{
            A: 'no',
            B: 'yes',
            D: 'no',
            E: 'yes',
            F: 'yes',
            G: 'yes',
            H: 'yes',
            M: 'yes',
            Z: 'yes',
            X: 'yes',
          },
          C: { plain: 'no', debug_vm: 'yes', debug_vm_pgflags: 'BUG' },
        },
        changed: [],
      },
      {
        release: 'v5.4',
        answers: {
          ...{ A: 'no', B: 'yes', D: 'no', E: 'no', F: 'no', G: 'yes', H: 'yes', M: 'yes', Z: 'no', X: 'no' },
          C: { plain: 'no', debug_vm: 'yes', debug_vm_pgflags: 'BUG' },
        },
        changed: ['E', 'F', 'Z', 'X'],
      },
    ],
  });
});

test('what it refuses', () => {
  const nothing = reserved('--release', 'v4.20');
  expect([nothing.status, nothing.stdout]).toEqual([2, '']);
  expect(nothing.stderr).toContain('mhp: --release: "v4.20" is not a modelled release; near it: v5.2');
  const later = reserved('--release', 'pg-reserved-base,v6.1');
  expect([later.status, later.stdout, later.stderr]).toEqual([
    2,
    '',
    'mhp: not modelled: kvm_is_mmio_pfn() of v6.1\n',
  ]);
});
