import { expect, test } from 'vitest';
import { booted, G, last, M, withOptions, X86 } from '../../../../../test/kit.ts';

/** Blocks and messages after an add of two blocks of which the second cannot be stored. */
function addTwo(release: string, options: string) {
  const session = booted(release, withOptions(X86, options));
  const before = session.state.memory_block.size;
  const { result, messages } = last(
    session,
    { fail: { site: 'xa_store', after: 1 } },
    { device_add: { id: 'dimm1', start: 8 * G, size: 256 * M, expect: 'any' } },
  );
  return { result, messages, made: session.state.memory_block.size - before };
}

test.each(['v5.10', 'v6.1', 'v6.6', 'v6.8', 'v6.15', 'v7.2'])(
  '%s: a block that cannot be stored takes with it those of its add',
  (release) => {
    const { result, messages, made } = addTwo(release, '');
    expect({ result, made }).toEqual({ result: 'EINVAL', made: 0 });
    expect(messages.filter((line) => line.includes('memory_block_release'))).toEqual([]);
  },
);

test('before v5.8 no block is stored by id', () => {
  expect(addTwo('v5.7', '')).toMatchObject({ result: 'success', made: 2 });
});

test.each([
  ['v6.8', 1],
  ['v6.12', 0],
  ['v7.2', 0],
])('%s: a block with its own memmap is released with it in so many warnings', (release, warnings) => {
  const { result, messages, made } = addTwo(release, 'memory_hotplug.memmap_on_memory=1');
  expect({ result, made }).toEqual({ result: 'EINVAL', made: 0 });
  expect(messages.filter((line) => line.includes('memory_block_release'))).toHaveLength(warnings);
});
