import { expect, test } from 'vitest';
import { booted, G, M, must, X86 } from '../../../../test/kit.ts';
import { zone_key } from '../../state.ts';

test.each(['v5.2', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])(
  '%s: a node that comes online keeps the spans of its device memory, but not where it starts',
  (release) => {
    const session = booted(release, X86);
    must(session, { memremap: { start: '5G', size: '128M', node: 2 } });
    const span = () => {
      const { zone_start_pfn, spanned_pages } = session.state.zone.get(
        zone_key(2, session.kernel.c.ZONE_DEVICE),
      )!;
      const { node_start_pfn, node_spanned_pages } = session.state.pgdat.get(2)!;
      return [zone_start_pfn, spanned_pages, node_start_pfn, node_spanned_pages].map((n) => (n * 4096) / M);
    };
    expect(session.state.pgdat.get(2)!.online).toBe(false);
    expect(span()).toEqual([5120, 128, 5120, 128]);
    must(session, { add: { start: '8G', size: '128M', node: 2 } });
    expect(session.state.pgdat.get(2)!.online).toBe(true);
    expect(span()).toEqual([5120, 128, 0, 128]);
    must(session, { online_movable: (8 * G) / (128 * M) });
    expect(span()).toEqual([5120, 128, 0, 8320]);
  },
);
