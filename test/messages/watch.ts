import { afterEach, expect } from 'vitest';
import type { Message } from '../../src/messages/entry.ts';
import { Session } from '../../src/scenarios/running/session.ts';
import { Runner } from '../../src/schedule/runner.ts';
import { printed } from './printed.ts';

/*
 * A setup file of vitest: what any test makes the kernel print, by calls that run alone, must be a message of its release
 * (src/messages). Threads of the explorer print nothing; what they warn of is a failure, which the tests name.
 */

interface Watch {
  readonly wrong: Set<string>;
  readonly reached: Set<Message>;
  release: string | undefined;
}

const KEY = Symbol.for('mhp.test.messages');
const shared = globalThis as { [KEY]?: Watch };

function install(): Watch {
  const watch: Watch = { wrong: new Set(), reached: new Set(), release: undefined };
  const { run } = Runner.prototype;
  Runner.prototype.run = function watched(this: Runner, ...args) {
    const outcome = run.apply(this, args);
    for (const event of outcome.events) {
      // what a scenario expects is no message of the kernel
      if (event.kind === 'bug' && event.where === 'expect') continue;
      const { messages, wrong } = printed(event, watch.release);
      for (const message of messages) watch.reached.add(message);
      if (wrong !== null) watch.wrong.add(wrong);
    }
    return outcome as ReturnType<typeof run> as never;
  };
  const { call } = Session.prototype;
  Session.prototype.call = function watched(this: Session, ...args) {
    const before = watch.release;
    watch.release = this.kernel.release;
    try {
      return call.apply(this, args);
    } finally {
      watch.release = before;
    }
  };
  return watch;
}

/** What the tests of this worker made the model print so far. */
export const watch: Watch = shared[KEY] ?? install();
shared[KEY] = watch;

afterEach(() => {
  const wrong = [...watch.wrong];
  watch.wrong.clear();
  expect(wrong, 'printed, and no message of the release').toEqual([]);
});
