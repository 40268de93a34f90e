import { afterEach, expect, test } from 'vitest';
import { printedBy } from '../../../../test/in-process.ts';
import { InputError } from '../../../errors/input-error.ts';
import { define } from './litmus.ts';

afterEach(() => {
  process.exitCode = 0;
});

async function mhp(...args: string[]): Promise<{ stdout: string; code: unknown }> {
  const stdout = await printedBy(define, ['litmus', ...args]);
  return { stdout, code: process.exitCode };
}

test('a table, and status 0 when all is as expected', async () => {
  expect(await mhp('litmus/ROT.inv+dsb.yaml', 'litmus/I2V-UP-DSB.yaml')).toEqual({
    stdout: [
      'TEST        EXPECTED  VERDICT   STATES',
      'ROT.inv+dsb forbidden forbidden     14',
      'I2V-UP-DSB  allowed   allowed       10',
      '',
      '2 tests, all as expected',
      '',
    ].join('\n'),
    code: 0,
  });
});

test('on broken hardware, in JSON, with status 1', async () => {
  const { stdout, code } = await mhp('--defect', 'early-tlbi', '--json', 'litmus/WBM+dsb-tlbiis-dsb.yaml');
  expect(JSON.parse(stdout)).toEqual({
    schema: 'mhp-litmus/1',
    defect: 'early-tlbi',
    tests: [
      {
        name: 'WBM+dsb-tlbiis-dsb',
        source: 'litmus-tests-armv8a-system-vmsa WBM+dsb-tlbiis-dsb',
        asks: expect.stringMatching(/^A page taken from one CPU/),
        expected: 'forbidden',
        verdict: 'allowed',
        as_expected: false,
        states: expect.any(Number),
      },
    ],
  });
  expect(code).toBe(1);
});

test('all of ours without a file; a file that is not there is named', async () => {
  expect((await mhp()).stdout).toMatch(/\n\n64 tests, all as expected\n$/);
  await expect(mhp('litmus/absent.yaml')).rejects.toThrow(
    new InputError('litmus/absent.yaml', '', 'no such file'),
  );
});
