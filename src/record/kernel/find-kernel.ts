import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../../errors/input-error.ts';
import type { Arch } from '../../geometry/sizes.ts';
import type { Debian, DebianArch } from './debian.ts';
import type { GuestKernel } from './guest-kernel.ts';
import { openImage } from './image.ts';

/** What the scenario or the user wants of a kernel that a name alone does not tell. */
export interface Wanted {
  readonly arch: Arch;
  /** Bytes. */
  readonly page_size: number;
}

/** Finds what `--kernel` names. */
export class KernelFinder {
  readonly #dir: string;
  readonly #debian: (arch: DebianArch, suite?: string) => Debian;

  /**
   * @param dir a private directory for images that must be unpacked
   * @param debian the packages of an architecture, in a suite or in the host's sources
   */
  constructor(dir: string, debian: (arch: DebianArch, suite?: string) => Debian) {
    this.#dir = dir;
    this.#debian = debian;
  }

  /**
   * @param source an image; a kernel build tree or an unpacked package; or "debian:VERSION[/FLAVOUR][@SUITE]"
   * @throws InputError if there is no such kernel
   */
  async find(source: string, wanted: Wanted): Promise<GuestKernel> {
    if (source.startsWith('debian:')) return this.#ofDebian(source, wanted);
    let isDirectory: boolean;
    try {
      isDirectory = statSync(source).isDirectory();
    } catch {
      throw new InputError(source, '', 'no such file or directory; a package is named as in debian:6.1');
    }
    return isDirectory ? this.#ofDirectory(source, source, wanted.arch) : this.#ofImage(source, source);
  }

  async #ofDebian(source: string, wanted: Wanted): Promise<GuestKernel> {
    const parsed = /^debian:(\d+\.[\w.+~-]+)(?:\/([a-z0-9-]+))?(?:@([a-z][a-z0-9-]*))?$/.exec(source);
    if (!parsed)
      throw new InputError(
        source,
        '',
        'is not debian:VERSION[/FLAVOUR][@SUITE], as in debian:6.1/arm64 or debian:7.2@sid',
      );
    const version = parsed[1]!;
    const flavour = parsed[2] ?? flavourOf(wanted, source);
    const arch = debianArch(flavour);
    if (arch === undefined) throw new InputError(source, '', `"${flavour}" is no flavour of amd64 or arm64`);
    const suite = parsed[3];
    const debian = this.#debian(arch, suite);
    const name =
      newest(debian.unpackedNames(), version, flavour) ??
      newest(await debian.names('linux-image-'), version, flavour);
    if (name === undefined)
      throw new InputError(
        source,
        '',
        `there is no package linux-image-${version}*-${flavour} in ${suite ?? "the host's sources: name a suite, as in debian:7.2@sid"}`,
      );
    const dirs = [await debian.unpack(name)];
    if (imagesIn(dirs[0]!).length === 0)
      for (const part of PARTS) dirs.push(await debian.unpack(name.replace('image', part)));
    return this.#ofPackages(source, dirs, arch === 'amd64' ? 'x86_64' : 'arm64');
  }

  #ofImage(source: string, path: string): GuestKernel {
    const { path: image, config, ...own } = openImage(path, this.#dir);
    const release = own.release ?? /^(?:vmlinuz|Image|vmlinux)-(\d\S*)$/.exec(basename(path))?.[1] ?? null;
    const beside = [`config-${release}`, '.config'].map((name) => join(dirname(path), name)).find(isFile);
    return {
      source,
      image,
      ...own,
      release,
      config: beside === undefined ? config : readFileSync(beside, 'utf8'),
      modules: null,
    };
  }

  #ofDirectory(source: string, dir: string, arch: Arch): GuestKernel {
    const built = (arch === 'arm64' ? ['Image', 'Image.gz'] : ['bzImage'])
      .map((name) => join(dir, 'arch', arch === 'arm64' ? 'arm64' : 'x86', 'boot', name))
      .find(isFile);
    if (built !== undefined) {
      const config = join(dir, '.config');
      const kernel = this.#ofImage(source, built);
      return {
        ...kernel,
        config: isFile(config) ? readFileSync(config, 'utf8') : kernel.config,
        modules: dir,
      };
    }
    return this.#ofPackages(source, [dir], arch);
  }

  /** @param dirs unpacked packages that have one image together */
  #ofPackages(source: string, dirs: readonly string[], arch: Arch): GuestKernel {
    const [image, ...more] = dirs.flatMap(imagesIn);
    if (image === undefined)
      throw new InputError(
        source,
        '',
        `is neither a kernel build tree with an image of ${arch} nor an unpacked package`,
      );
    if (more.length > 0)
      throw new InputError(source, '', `has ${more.length + 1} kernels: name one of the images`);
    const kernel = this.#ofImage(source, image);
    const modules = dirs.flatMap(modulesIn);
    const config = modules.map((path) => join(path, kernel.release ?? '', 'config')).find(isFile);
    return {
      ...kernel,
      config: kernel.config ?? (config === undefined ? null : readFileSync(config, 'utf8')),
      modules: modules[0] ?? null,
    };
  }
}

/** What an empty linux-image of Debian depends on; modules lie in the first, the config in the second, the image in the third. */
const PARTS = ['modules', 'base', 'binary'] as const;

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

const modulesIn = (dir: string): string[] =>
  ['lib/modules', 'usr/lib/modules'].map((name) => join(dir, name)).filter((path) => existsSync(path));

/** boot/vmlinuz-RELEASE, or lib/modules/RELEASE/vmlinuz. */
function imagesIn(dir: string): string[] {
  const boot = join(dir, 'boot');
  const images = existsSync(boot) ? readdirSync(boot).filter((name) => name.startsWith('vmlinuz-')) : [];
  if (images.length > 0) return images.map((name) => join(boot, name));
  return modulesIn(dir).flatMap((path) =>
    readdirSync(path)
      .map((release) => join(path, release, 'vmlinuz'))
      .filter(isFile),
  );
}

function flavourOf({ arch, page_size }: Wanted, source: string): string {
  if (arch === 'x86_64') return 'amd64';
  if (page_size === 4096) return 'arm64';
  if (page_size === 16_384) return 'arm64-16k';
  throw new InputError(
    source,
    '',
    `Debian has no arm64 kernel with pages of ${page_size / 1024}K: build one`,
  );
}

function debianArch(flavour: string): DebianArch | undefined {
  return (['amd64', 'arm64'] as const).find((arch) => flavour.split('-').includes(arch));
}

/** The newest signed image of a version and flavour: "6.1" takes 6.1.0-57 and 6.1.5, not 6.12. */
export function newest(names: readonly string[], version: string, flavour: string): string | undefined {
  const escaped = version.replace(/[.+]/g, '\\$&');
  const pattern = new RegExp(`^linux-image-(${escaped}(?:[-.+~](?:[-.+~\\d]|deb|bpo|rc)*)?)-${flavour}$`);
  const found = names.flatMap((name) => {
    const own = pattern.exec(name)?.[1];
    return own === undefined ? [] : [{ name, own }];
  });
  found.sort((a, b) => a.own.localeCompare(b.own, 'en', { numeric: true }));
  return found.at(-1)?.name;
}
