import { expect, test } from 'vitest';
import { booted, cat, G, M, must, play, X86 } from '../../../test/kit.ts';

/** As recorded on Debian's 6.1.0-57-amd64. */

const session = () => booted('v6.1', { ...X86, ram: [{ start: 0, size: 2 * G }] });

test('what labels reserve stays reserved while the region is disabled', () => {
  const s = session();
  must(
    s,
    { nvdimm: { region: 0, start: 8 * G, size: 512 * M } },
    { ndctl: 'create-namespace -r region0 -m fsdax -M mem -s 64M' },
    { ndctl: 'create-namespace -r region0 -m devdax -M dev -s 128M' },
    { ndctl: 'destroy-namespace -f namespace0.0' },
    { ndctl: 'disable-region region0' },
  );
  const sizes = ['available_size', 'max_available_extent'].map((file) =>
    cat(s, `/sys/bus/nd/devices/region0/${file}`),
  );
  expect(sizes).toEqual([`${384 * M}\n`, `${320 * M}\n`]);
});

/** Status 1 is not that of an errno. */
const FAILURE = '255';

test('init-labels fails where there is no label area, and where the region is in use', () => {
  const s = session();
  must(
    s,
    { nvdimm: { region: 0, start: 8 * G, size: 512 * M, labels: false } },
    { nvdimm: { region: 1, start: 9 * G, size: 512 * M } },
  );
  const exits = (...lines: string[]) =>
    play(s, ...lines.map((run) => ({ ndctl: { run, expect: 'any' } }))).map(({ result }) => result);
  expect(exits('init-labels -f nmem0', 'init-labels -f nmem1')).toEqual([FAILURE, FAILURE]);
  expect(exits('disable-region region1', 'init-labels -f nmem1')).toEqual(['success', 'success']);
});
