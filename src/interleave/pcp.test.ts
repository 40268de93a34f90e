import { expect, test } from 'vitest';
import { anything, bootedForSteps, first, found } from '../../test/interleave.ts';
import { G, M, X86 } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { USE, with_use } from '../kernel/mm/page.ts';
import { livelock } from '../schedule/monitors/livelock.ts';
import type { Program } from '../schedule/program/program.ts';
import { explore } from '../schedule/search/exploration.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const SMALL = { ...X86, ram: [{ start: 0, size: '1G' }], nodes: [{ node: 0, cpus: '0-1' }], debug_vm: true };
const START = 4 * G;
const BLOCK = 128 * M;
const ID = START / BLOCK;

/** The last user of a page frees it while its block goes offline. */
function freeing(release: string): Program {
  const model = bootedForSteps(release, SMALL);
  const pfn = START / model.kernel.c.PAGE_SIZE;
  first(model, model.kernel.add_memory(0, START, BLOCK, 0));
  first(model, model.kernel.state_store(ID, 'online_movable'));
  model.state.pages.update(pfn, pfn + 1, (page) => with_use(page, USE.UNMOVABLE));
  return kernelProgram(`free and offline on ${release}`, model, {
    *freer(k: Kernel): Steps<void> {
      yield* k.free_unref_page(pfn);
    },
    *remover(k: Kernel): Steps<number> {
      return yield* k.state_store(ID, 'offline');
    },
  });
}

test.each(['v5.2', 'v5.3', 'v5.7'])(
  '%s: a page reaches the list of a CPU after the drain (B74)',
  (release) => {
    expect(found(freeing(release), livelock)).toEqual({
      text: 'remover goes round in offline_pages for ever',
      preemptions: 2,
    });
  },
);

test.each(['v5.4', 'v5.10'])('%s drains again', (release) => {
  expect(found(freeing(release), livelock)).toBe('proved');
  expect(found(freeing(release), anything)).toBe('proved');
});

test.each(['v6.1', 'v6.12', 'v7.2'])('%s keeps the lists empty', (release) => {
  expect(found(freeing(release), livelock)).toBe('proved');
  expect(found(freeing(release), anything)).toBe('proved');
});

test('nothing is lost by leaving out orders', () => {
  for (const release of ['v5.7', 'v5.10', 'v6.1']) {
    expect(found(freeing(release), livelock, false)).toEqual(found(freeing(release), livelock));
  }
});

test('a replay finds the loop again', () => {
  const asked = explore(freeing('v5.7')).only(livelock);
  const verdict = asked.states().verdict();
  if (verdict.verdict !== 'violated') throw new Error(verdict.verdict);
  expect(asked.replay(verdict.trace).violation).toEqual(verdict.violation);
});
