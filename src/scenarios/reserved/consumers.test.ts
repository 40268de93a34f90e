import { describe, expect, test } from 'vitest';
import { booted, G, M, must, X86 } from '../../../test/kit.ts';
import { PG_arch_1, PG_dirty, USE } from '../../kernel/mm/page.ts';
import type { Steps } from '../../steps/step.ts';
import { usePages } from '../running/page-use.ts';
import { perform } from '../running/perform.ts';
import type { Session } from '../running/session.ts';
import { askConsumer } from './consumers.ts';

/** The side effects of consumers besides their answers. */

const ISI = 0x400;
const DSI = 0x300;
const HPTE_R_N = 4;

const call = (session: Session, thread: Steps<unknown>): unknown => {
  let value: unknown;
  session.call(
    (function* () {
      value = yield* thread;
      return 0;
    })(),
  );
  return value;
};

describe('hash_page_do_lazy_icache', () => {
  test('data access: no-execute; the first fetch flushes and marks the page, after that nothing', () => {
    const session = booted('v5.2', X86);
    const { kernel, state } = session;
    const pfn = G / 4096;
    const pp = (trap: number) => call(session, kernel.hash_page_do_lazy_icache(0, pfn, trap));
    expect(pp(DSI)).toBe(HPTE_R_N);
    expect(state.pages.get(pfn) & PG_arch_1).toBe(0);
    expect(pp(ISI)).toBe(0);
    expect(state.pages.get(pfn) & PG_arch_1).not.toBe(0);
    expect(pp(DSI)).toBe(0);
  });

  test('memory without a struct page is left alone', () => {
    const session = booted('v5.2', X86);
    expect(call(session, session.kernel.hash_page_do_lazy_icache(1, (9 * G) / 4096, ISI))).toBe(1);
  });
});

test('vfio: a tail page answers as its head does', () => {
  const session = booted('v5.2', X86);
  usePages(session, G / 4096, (G + 2 * M) / 4096, USE.HUGE_USED);
  expect(askConsumer(session, 'is_invalid_reserved_pfn', G / 4096 + 5).ret).toBe(0);
});

describe('KVM', () => {
  test('references of RAM are dropped, of reserved RAM and of what has no struct page not', () => {
    const session = booted('v5.2', X86);
    must(session, { use: { start: '512M', size: '1M', as: 'reserved' } });
    const dropped = (phys: number) => call(session, session.kernel.kvm_release_pfn_clean(phys / 4096));
    expect([dropped(G), dropped(512 * M), dropped(9 * G)]).toEqual([true, false, false]);
  });

  test('a device page since v5.4: a reference, but never dirty', () => {
    const session = booted('v5.4', X86);
    const step = { start: 8 * G, size: 128 * M, node: 0, memtype: 'WB' } as const;
    perform(session, { kind: 'zone_device', step });
    const pfn = (8 * G) / 4096;
    expect(call(session, session.kernel.kvm_release_pfn_clean(pfn))).toBe(true);
    call(session, session.kernel.kvm_set_pfn_dirty(pfn));
    expect(session.state.pages.get(pfn) & PG_dirty).toBe(0);
  });
});

describe('__ioremap_check_ram', () => {
  test('one ordinary page in the range is enough', () => {
    const session = booted('v5.2', X86);
    must(session, { use: { start: '512M', size: '1M', as: 'reserved' } });
    const ram = (phys: number, nrPages: number) =>
      call(session, session.kernel.__ioremap_check_ram(phys / 4096, nrPages));
    expect([ram(512 * M, 256), ram(512 * M, 257), ram(3 * G, 16)]).toEqual([false, true, false]);
  });
});
