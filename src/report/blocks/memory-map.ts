import type { ListedBlock } from '../../machines/lsmem/lsmem-source.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { LS_COLUMNS, type LsOptions, renderLsmem } from './lsmem.ts';

const textOf = (session: Session, path: string): string => {
  const entry = session.read(path);
  return entry?.kind === 'file' ? entry.text.trim() : '';
};

const states = ['online', 'offline', 'going-offline'] as const;

/** The memory blocks of the model, for a list like that of `mhp ls`. */
export function listedBlocks(session: Session): ListedBlock[] {
  return [...session.state.memory_block.keys()]
    .sort((a, b) => a - b)
    .map((id) => {
      const path = `/sys/devices/system/memory/memory${id}`;
      const zones = textOf(session, `${path}/valid_zones`);
      return {
        id,
        state: states.find((state) => state === textOf(session, `${path}/state`)) ?? 'unknown',
        removable: textOf(session, `${path}/removable`) === '1',
        nid: session.state.memory_block.get(id)!.links[0] ?? -1,
        zones: zones === '' ? [] : zones.split(' '),
      };
    });
}

const OPTIONS = {
  columns: LS_COLUMNS,
  split: undefined,
  all: false,
  bytes: false,
  headings: true,
  format: 'table',
  list: true,
  summary: true,
  version: '2.38',
} as const;

const rendered = (session: Session, options: LsOptions): string =>
  renderLsmem(listedBlocks(session), session.kernel.c.memory_block_size_bytes, options);

/** The final memory map: every column of `mhp ls`, and its summary. */
export const memoryMap = (session: Session): string => rendered(session, OPTIONS);

/** The same in the form of `mhp ls --json --bytes`: sizes in bytes. */
export function memoryJson(session: Session): unknown {
  const text = rendered(session, { ...OPTIONS, format: 'json', bytes: true, summary: false });
  return (JSON.parse(text) as { memory: unknown }).memory;
}
