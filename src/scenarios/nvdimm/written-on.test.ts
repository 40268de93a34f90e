import { expect, test } from 'vitest';
import { ARM64, booted, G, M, type MachineObject, play, X86 } from '../../../test/kit.ts';

/** A region whose namespace was made on another machine: what this one says of it. */
function carried(
  release: string,
  to: MachineObject,
  from: Readonly<Record<'arch' | 'page_size', string>>,
  map: 'mem' | 'dev',
  size = 2 * G,
) {
  const s = booted(release, to);
  const ndctl = `create-namespace -f -e namespace0.0 -m fsdax -M ${map}`;
  const region = { region: 0, start: 64 * G, size, labels: false, written_on: { ...from, ndctl } };
  const [plugged] = play(s, { nvdimm: region });
  const claimed = [...s.state.nd_pfn.values()].some(({ bound }) => bound);
  return { claimed, said: plugged!.messages.filter((text) => text.includes('init failed')) };
}

const arm64 = (size: string) => ({ arch: 'arm64', page_size: size });
const x86 = { arch: 'x86_64', page_size: '4K' };
const FINE = { claimed: true, said: [] };

test('pages of the same size: from arm64 to x86-64 and back, sub-sections included', () => {
  expect(carried('v5.10', X86, arm64('4K'), 'mem', G + 16 * M)).toEqual(FINE);
  expect(carried('v5.10', X86, arm64('4K'), 'dev')).toEqual(FINE);
  expect(carried('v5.10', { ...ARM64, page_size: '4K' }, x86, 'dev')).toEqual(FINE);
});

test('struct pages for larger pages are too few; those in RAM are made anew', () => {
  for (const size of ['16K', '64K']) {
    const bytes = Number.parseInt(size, 10) * 1024;
    expect(carried('v5.10', X86, arm64(size), 'dev')).toEqual({
      claimed: false,
      said: [` pfn0.1: init failed, page size mismatch ${bytes}`],
    });
    expect(carried('v5.10', X86, arm64(size), 'mem')).toEqual(FINE);
    expect(carried('v5.10', { ...ARM64, page_size: size }, x86, 'dev')).toEqual(FINE);
  }
});

test('what arm64 before v5.7 cannot have made', () => {
  expect(() => carried('v5.4', X86, arm64('4K'), 'mem')).toThrow(
    'written_on: v5.4 on arm64 has no ZONE_DEVICE',
  );
});
