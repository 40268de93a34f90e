import { describe, expect, test } from 'vitest';
import { ARM64, booted, G, M, type MachineObject, must, X86 } from '../../../test/kit.ts';
import { perform } from '../../scenarios/running/perform.ts';
import type { Result } from '../../scenarios/running/result.ts';
import type { Session } from '../../scenarios/running/session.ts';

/** pfn_valid() and pfn_to_online_page() by release and architecture. */

function asked(session: Session, phys: number): { valid: boolean; online: boolean } {
  const pfn = phys / session.kernel.c.PAGE_SIZE;
  const { kernel } = session;
  const answers: boolean[] = [];
  session.call(
    (function* () {
      answers.push(yield* kernel.pfn_valid(pfn));
      answers.push((yield* kernel.pfn_to_online_page(pfn)) !== null);
      return 0;
    })(),
  );
  return { valid: answers[0]!, online: answers[1]! };
}

const YES = { valid: true, online: true };
const VALID = { valid: true, online: false };
const NO = { valid: false, online: false };

const MAINLINE = ['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];

test.each(MAINLINE)('%s: boot RAM, hot-added memory before and after it goes online, nothing', (release) => {
  const session = booted(release, X86);
  must(session, { add: { start: 4 * G, size: 128 * M } });
  expect(asked(session, G)).toEqual(YES);
  expect(asked(session, 4 * G)).toEqual(VALID);
  expect(asked(session, 5 * G)).toEqual(NO);
  must(session, { online: 32 });
  expect(asked(session, 4 * G)).toEqual(YES);
});

describe('a hole of whole sub-sections in a section of boot RAM', () => {
  const holes = [{ start: G + 16 * M, size: 16 * M }];
  const at = (release: string, machine: MachineObject) =>
    asked(booted(release, { ...machine, holes }), G + 16 * M);

  test('x86: online until v5.12 asks for the sub-section', () => {
    expect(MAINLINE.map((release) => at(release, X86))).toEqual([
      YES,
      YES,
      YES,
      YES,
      YES,
      VALID,
      VALID,
      VALID,
    ]);
  });

  test('arm64: memblock knows better, until it is no longer asked', () => {
    expect(MAINLINE.map((release) => at(release, ARM64))).toEqual([NO, NO, NO, NO, NO, VALID, VALID, VALID]);
  });
});

describe('device memory in a section of boot RAM', () => {
  const machine = { ...X86, ram: [{ start: 0, size: G + 64 * M }] };
  const step = { start: G + 64 * M, size: 64 * M, node: 0, memtype: 'WB' } as const;
  const device_memory = (session: Session): Result => perform(session, { kind: 'zone_device', step });

  test.each(['v5.3', 'v5.4', 'v5.7', 'v5.10', 'pg-reserved'])('%s: online (B58)', (release) => {
    const session = booted(release, machine);
    expect(device_memory(session).ret).toBe(0);
    expect(asked(session, G + 64 * M)).toEqual(YES);
  });

  test.each(['v6.1', 'v6.12', 'v7.2', 'pg-reserved-taint'])(
    '%s: valid, and tainted as it is not online',
    (release) => {
      const session = booted(release, machine);
      device_memory(session);
      expect(asked(session, G + 64 * M)).toEqual(VALID);
      expect(asked(session, G)).toEqual(YES);
    },
  );

  test('v5.2 refuses it: sections are not shared', () => {
    const session = booted('v5.2', machine);
    expect(device_memory(session).ret).toBeLessThan(0);
    expect(session.state.memtype_rbroot.count).toBe(1);
  });
});
