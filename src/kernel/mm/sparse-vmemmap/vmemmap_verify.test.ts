import { expect, test } from 'vitest';
import { ARM64, booted, G, last } from '../../../../test/kit.ts';

/** Node 1 has no memory of its own: the struct pages of what it gets come from node 0. */
const machine = (page_size: string, va_bits: number) => ({
  ...ARM64,
  page_size,
  va_bits,
  ram: [{ start: G, size: 2 * G }],
  nodes: [{ node: 0, cpus: '0' }, { node: 1 }],
});

const offnode = (release: string, page_size: string, va_bits: number, ...before: object[]) => {
  const session = booted(release, machine(page_size, va_bits));
  const { result, messages } = last(session, ...before, { add: { start: 8 * G, size: G, node: 1 } });
  return { result, said: messages.filter((text) => text.includes('offnode')) };
};

test.each(['v6.1', 'v6.12', 'v7.2'])('%s: the first page of 64K is named, once per boot', (release) => {
  expect(offnode(release, '64K', 48)).toEqual({
    result: 'success',
    said: [
      expect.stringMatching(/^\[ffff[\da-f]{8}0000-ffff[\da-f]{8}ffff\] potential offnode page_structs$/),
    ],
  });
  const other = { add: { start: 12 * G, size: G, node: 1 } };
  expect(offnode(release, '64K', 48, other).said).toEqual([]);
});

test.each(['v5.4', 'v5.10'])('%s: every page is named', (release) => {
  // of 1G, which is a section
  expect(offnode(release, '64K', 48).said).toHaveLength(G / (64 * 2 ** 10) / 1024);
});

test('a block of 2M that is new is not looked at', () => {
  expect(offnode('v6.1', '4K', 48)).toEqual({ result: 'success', said: [] });
});

test('struct pages on their own node are not named', () => {
  const session = booted('v6.1', machine('64K', 48));
  const { messages } = last(session, { add: { start: 8 * G, size: G, node: 0 } });
  expect(messages.filter((text) => text.includes('offnode'))).toEqual([]);
});
