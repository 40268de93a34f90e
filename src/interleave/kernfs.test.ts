import { expect, test } from 'vitest';
import { anything, bootedForSteps, first, found } from '../../test/interleave.ts';
import { G, M, X86 } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { deadlock, lockOrder } from '../schedule/monitors/index.ts';
import type { Program } from '../schedule/program/program.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const SMALL = { ...X86, ram: [{ start: 0, size: '1G' }], nodes: [{ node: 0, cpus: '0-1' }] };
const START = 4 * G;
const BLOCK = 128 * M;
const ID = START / BLOCK;

/** One thread writes a block's online file while another removes the block. */
function writing(release: string): Program {
  const model = bootedForSteps(release, SMALL);
  first(model, model.kernel.add_memory(0, START, BLOCK, 0));
  return kernelProgram(`online and removal on ${release}`, model, {
    *writer(k: Kernel): Steps<number> {
      return yield* k.kernfs_fop_write(ID, 'state', 'online');
    },
    *remover(k: Kernel): Steps<number> {
      return yield* k.remove_memory(START, BLOCK);
    },
  });
}

test.each(['v5.2', 'v5.3'])(
  '%s: blocks are removed under the lock that their files take (B05)',
  (release) => {
    expect(found(writing(release), lockOrder())).toEqual({
      text:
        'locks are taken in a circle: remover takes kn->active memory32 while it holds cpu_hotplug_lock; ' +
        'writer takes cpu_hotplug_lock while it holds kn->active memory32',
      preemptions: 0,
    });
  },
);

/** 5.4.195 has the back-port of f1037ec0cc8a (v5.6). */
test.each(['v5.4', 'v5.7', 'v5.10', 'v6.1'])('%s: under device_hotplug_lock alone', (release) => {
  expect(found(writing(release), lockOrder())).toBe('proved');
});

test.each(['v6.12', 'v7.2'])(
  '%s: under the lock again, and lockdep sees it if the file is in use',
  (release) => {
    expect(found(writing(release), lockOrder())).toEqual({
      text:
        'locks are taken in a circle: remover takes kn->active memory32 while it holds cpu_hotplug_lock; ' +
        'writer takes cpu_hotplug_lock while it holds kn->active memory32',
      preemptions: 1,
    });
  },
);

/**
 * A write to the file only tries to take device_hotplug_lock and restarts on failure, so the cycle of locks never
 * closes.
 */
test.each(['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])(
  '%s: no deadlock',
  (release) => {
    expect(found(writing(release), deadlock)).toBe('proved');
  },
);

test('nothing is lost by leaving out orders', () => {
  for (const monitor of [deadlock, anything]) {
    for (const release of ['v5.3', 'v5.10', 'v7.2']) {
      expect(found(writing(release), monitor, false)).toEqual(found(writing(release), monitor));
    }
  }
});
