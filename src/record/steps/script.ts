import { quote } from '../../errors/input-error.ts';
import type { Performer } from './performer.ts';

/** Shell scripts of the user, which come to the guest with its programs. */

/** Where a script is in the guest, without a leading slash; `file` is its path as the scenario has it. */
export const scriptPath = (file: string): string => `mhp/scripts/${encodeURIComponent(file)}`;

/** Characters of a script's output that are kept. */
const KEPT = 32_768;
/** As conform reads packages and modules: nothing that a shell or a path would read otherwise. */
const NAME = /^[a-z0-9][\w.+-]*$/;

const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export const script: Performer<'script'> = {
  packages: ({ packages = [] }) => packages,
  modules: ({ modules = [] }) => modules,
  refuses: ({ packages = [], modules = [] }) => {
    const odd = [...packages, ...modules].find((name) => !NAME.test(name));
    return odd === undefined ? null : `${quote(odd)} is no name of a package or a module`;
  },
  async *perform({ guest, timeout }, { file, args = '' }) {
    const argv = args.split(/\s+/).filter((word) => word !== '');
    const began = performance.now();
    const command = `/${scriptPath(file)}`;
    const { status, out, err } = await guest.run(
      `timeout -s KILL ${timeout} ${[command, ...argv].map(shellWord).join(' ')}`,
      timeout + 30,
    );
    const hung = status === 137 && (performance.now() - began) / 1000 >= timeout;
    yield {
      op: 'script',
      file,
      argv,
      exit: hung ? null : status,
      said: `${out.toString()}${err}`.slice(0, KEPT),
      ...(hung && { interrupted_after_s: timeout }),
    };
  },
};
