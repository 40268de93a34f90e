import { UserError } from '../../errors/user-error.ts';
import type { Guest } from '../guest/guest.ts';
import { blocksOf, readTree } from './guest-files.ts';
import { kpageflagsText, readKpageflags } from './kpageflags.ts';
import { sectionFiles, tableFiles } from './memory-files.ts';

/** The files of one step's folder (docs/recordings.md). */

export interface StepFiles {
  /** Contents by path in the folder. */
  readonly files: ReadonlyMap<string, string>;
  /** What could not be read, and why. */
  readonly unread: readonly { readonly what: string; readonly why: string }[];
}

/** A line that the recorder writes to the log itself, so that a message without a line end is finished. */
const MARK = 'mhp: snapshot';

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/**
 * Reads everything. A guest that does not answer gives its memory and its console alone.
 * @param seconds how long each command in the guest may take
 * @param from the place in the console at which the step began
 */
export async function stepFiles(
  guest: Guest,
  release: string,
  seconds: number,
  from: number,
): Promise<StepFiles> {
  const files = new Map<string, string>();
  const unread: { what: string; why: string }[] = [];
  const attempt = async (what: string, read: () => Promise<void>): Promise<void> => {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      unread.push({ what, why: error.message });
    }
  };
  const nvdimm =
    guest.machine.devices.some(({ kind }) => kind === 'nvdimm') ||
    /\bmemmap=[^ $@#]*!/.test(guest.machine.cmdline);
  let outside = !guest.answers;
  if (!outside) {
    await attempt('dmesg', async () => {
      const { out } = await guest.run(`echo ${MARK} > /dev/kmsg; dmesg -c`, seconds);
      files.set('dmesg', out.toString().replace(new RegExp(`^.*${MARK}\\n`, 'gm'), ''));
    });
    await attempt('proc and sys', async () => {
      const tree = await readTree(guest, seconds, nvdimm);
      for (const [path, text] of tree.files) files.set(path.slice(1), text);
      files.set('symlinks.txt', [...tree.links].map(([path, target]) => `${path} ${target}\n`).join(''));
      const { size, ids } = blocksOf(tree);
      const page = Number(guest.info.number('PAGESIZE') ?? 4096n);
      const pages = size / page;
      const runs = await readKpageflags(
        guest,
        ids.map((id) => [id * pages, (id + 1) * pages] as const),
        seconds,
      );
      if (runs.length > 0) files.set('kpageflags.rle', kpageflagsText(runs));
    });
    for (const [name, line] of guest.tools) {
      await attempt(name, async () => {
        files.set(`${name}.json`, (await guest.run(line, seconds)).out.toString());
      });
    }
    outside = !guest.answers;
  }
  if (outside) {
    for (const path of [...files.keys()]) if (/^(proc|sys)\//.test(path)) files.delete(path);
    files.set('dmesg', guest.console.text().slice(from));
  }
  await attempt('page tables', async () => {
    for (const [path, text] of tableFiles(guest, release)) files.set(path, text);
  });
  await attempt('sections and struct pages', async () => {
    for (const [path, text] of sectionFiles(guest, release)) files.set(path, text);
  });
  await attempt("the monitor's memory devices", async () => {
    files.set('qmp-query-memory-devices.json', pretty(await guest.qmp.execute('query-memory-devices')));
  });
  return { files, unread };
}
