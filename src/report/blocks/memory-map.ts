import type { ListedBlock } from '../../machines/lsmem/lsmem-source.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { LS_COLUMNS, type LsOptions, renderLsmem } from './lsmem.ts';

const text_of = (session: Session, path: string): string => {
  const entry = session.read(path);
  return entry?.kind === 'file' ? entry.text.trim() : '';
};

const states = ['online', 'offline', 'going-offline'] as const;

/** The memory blocks of the model, as `mhp ls` would list them. */
export function listed_blocks(session: Session): ListedBlock[] {
  return [...session.state.memory_block.keys()]
    .sort((a, b) => a - b)
    .map((id) => {
      const path = `/sys/devices/system/memory/memory${id}`;
      const zones = text_of(session, `${path}/valid_zones`);
      return {
        id,
        state: states.find((state) => state === text_of(session, `${path}/state`)) ?? 'unknown',
        removable: text_of(session, `${path}/removable`) === '1',
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
} as const;

const rendered = (session: Session, options: LsOptions): string =>
  renderLsmem(listed_blocks(session), session.kernel.c.memory_block_size_bytes, options);

/** The closing memory map: every column of `mhp ls`, and its summary. */
export const memory_map = (session: Session): string => rendered(session, OPTIONS);

/** The same as `mhp ls --json --bytes` has it: sizes in bytes. */
export function memory_json(session: Session): unknown {
  const text = rendered(session, { ...OPTIONS, format: 'json', bytes: true, summary: false });
  return (JSON.parse(text) as { memory: unknown }).memory;
}
