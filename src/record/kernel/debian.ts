import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InputError } from '../../errors/input-error.ts';

/**
 * Debian packages of any architecture, downloaded by apt into a cache and unpacked there; nothing is installed, and no root is
 * needed: each architecture, and each suite, has an apt state of its own. They come from the host's sources, or from another
 * suite of the host's mirror of Debian.
 */

const run = promisify(execFile);

export type DebianArch = 'amd64' | 'arm64';

/** $XDG_CACHE_HOME/mhp or ~/.cache/mhp. */
export const cacheDir = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mhp');

/** A package: "linux-image-6.1.0-57-arm64". */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]{1,120}$/;

/** Debian's keys, which a host of another release trusts for its own suite alone. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

async function command(
  name: string,
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly cwd?: string;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<string> {
  try {
    const { stdout } = await run(name, args, { maxBuffer: 2 ** 28, ...options });
    return stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT')
      throw new InputError(name, '', 'is not installed: without it no Debian package can be had');
    if (code === 'ABORT_ERR') {
      const why = options.signal?.reason?.name === 'TimeoutError' ? 'took too long' : 'was interrupted';
      throw new InputError(`${name} ${args.join(' ')}`, '', why);
    }
    const said = (stderr ?? '').split('\n').find((line) => /^(E:|W:|dpkg-deb:|tar:)/.test(line));
    throw new InputError(`${name} ${args[0] ?? ''}`, '', said ?? `failed (${String(code)})`);
  }
}

export class Debian {
  readonly #arch: DebianArch;
  readonly #cache: string;
  readonly #dir: string;
  readonly #signal: AbortSignal | undefined;
  readonly #suite: string | undefined;
  #updated: Promise<void> | undefined;

  /**
   * @param signal ends downloads
   * @param suite such as sid; by default the host's sources
   */
  constructor(arch: DebianArch, cache: string = cacheDir(), signal?: AbortSignal, suite?: string) {
    this.#arch = arch;
    this.#signal = signal;
    this.#suite = suite;
    this.#cache = cache;
    this.#dir = join(cache, 'debian', suite === undefined ? arch : `${arch}@${suite}`);
  }

  /** The line of sources.list for a suite on the mirror that the host has Debian from. */
  async #source(suite: string): Promise<string> {
    const host = new Debian(this.#arch, this.#cache, this.#signal);
    await host.#update();
    const listed = await host.#apt('apt-get', ['indextargets', '--format', '$(ORIGIN) $(LABEL) $(REPO_URI)']);
    const mirror = /^Debian Debian (\S+)$/m.exec(listed)?.[1];
    if (mirror === undefined)
      throw new InputError(`@${suite}`, '', 'no source of the host is a mirror of Debian');
    return `deb ${existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : ''}${mirror} ${suite} main\n`;
  }

  #apt(name: string, args: readonly string[], cwd?: string): Promise<string> {
    return command(name, args, {
      env: { ...process.env, APT_CONFIG: join(this.#dir, 'apt', 'apt.conf') },
      signal: this.#signal,
      ...(cwd !== undefined && { cwd }),
    });
  }

  /** Fetches the lists of packages, once a process. */
  #update(): Promise<void> {
    this.#updated ??= (async () => {
      const apt = join(this.#dir, 'apt');
      mkdirSync(join(apt, 'state', 'lists', 'partial'), { recursive: true });
      mkdirSync(join(apt, 'cache', 'archives', 'partial'), { recursive: true });
      writeFileSync(join(apt, 'status'), '');
      const list = join(apt, 'sources.list');
      if (this.#suite !== undefined) writeFileSync(list, await this.#source(this.#suite));
      const lines = [
        `APT::Architecture "${this.#arch}";`,
        `APT::Architectures { "${this.#arch}"; };`,
        `Dir::State "${join(apt, 'state')}";`,
        `Dir::State::status "${join(apt, 'status')}";`,
        `Dir::Cache "${join(apt, 'cache')}";`,
        'APT::Sandbox::User "";',
        // a server that does not answer any more ends the download
        'Acquire::http::Timeout "60";',
        'Acquire::https::Timeout "60";',
        ...(this.#suite === undefined
          ? []
          : [`Dir::Etc::sourcelist "${list}";`, 'Dir::Etc::sourceparts "-";']),
      ];
      writeFileSync(join(apt, 'apt.conf'), `${lines.join('\n')}\n`);
      await this.#apt('apt-get', ['-q', 'update']);
    })();
    return this.#updated;
  }

  /** The names of packages that begin with `prefix`. */
  async names(prefix: string): Promise<readonly string[]> {
    await this.#update();
    const text = await this.#apt('apt-cache', ['pkgnames', prefix]);
    return text.split('\n').filter((name) => PACKAGE.test(name));
  }

  /** Where packages lie that were unpacked before, by name. */
  unpackedNames(): readonly string[] {
    const root = join(this.#dir, 'unpacked');
    return existsSync(root) ? readdirSync(root).filter((name) => PACKAGE.test(name)) : [];
  }

  unpackedDir(name: string): string {
    return join(this.#dir, 'unpacked', name);
  }

  /** The directory in which a package is unpacked; downloads it unless that was done before. */
  async unpack(name: string): Promise<string> {
    const dir = this.unpackedDir(name);
    if (existsSync(dir)) return dir;
    await this.#update();
    mkdirSync(join(this.#dir, 'unpacked'), { recursive: true });
    const work = mkdtempSync(join(this.#dir, 'get-'));
    try {
      await this.#apt('apt-get', ['-q', 'download', name], work);
      const deb = readdirSync(work).find((file) => file.endsWith('.deb'));
      if (deb === undefined) throw new InputError(`debian package ${name}`, '', 'cannot be downloaded');
      await command('dpkg-deb', ['-x', join(work, deb), join(work, 'root')]);
      renameSync(join(work, 'root'), dir);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    return dir;
  }
}
