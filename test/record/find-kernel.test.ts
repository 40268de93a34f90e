import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Debian } from '../../src/record/kernel/debian.ts';
import { KernelFinder } from '../../src/record/kernel/find-kernel.ts';

const X86 = { arch: 'x86_64', page_size: 4096 } as const;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mhp-test-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Writes files below `root`; an image is a bzImage of the release. */
function write(root: string, files: Readonly<Record<string, string | { readonly release: string }>>): void {
  for (const [name, contents] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof contents === 'string' ? contents : bzImage(contents.release));
  }
}

function bzImage(release: string): Buffer {
  const image = Buffer.alloc(4096);
  image.write('HdrS', 0x202);
  image.writeUInt16LE(0x400, 0x20e);
  image.write(`${release} (debian) #1 SMP\0`, 0x600);
  return image;
}

/** Packages that were unpacked before: nothing is downloaded. */
const unpacked = (): string => join(dir, 'debian/amd64/unpacked');
const find = (source: string) => new KernelFinder(dir, (arch) => new Debian(arch, dir)).find(source, X86);

test('a package with its image in boot is one kernel', async () => {
  const root = join(unpacked(), 'linux-image-6.1.0-57-amd64');
  write(root, {
    'boot/vmlinuz-6.1.0-57-amd64': { release: '6.1.0-57-amd64' },
    'boot/config-6.1.0-57-amd64': 'CONFIG_NUMA=y\n',
    'lib/modules/6.1.0-57-amd64/kernel/a.ko': '',
  });
  expect(await find('debian:6.1')).toEqual({
    source: 'debian:6.1',
    image: join(root, 'boot/vmlinuz-6.1.0-57-amd64'),
    format: 'bzImage',
    arch: 'x86_64',
    page_size: 4096,
    release: '6.1.0-57-amd64',
    config: 'CONFIG_NUMA=y\n',
    modules: join(root, 'lib/modules'),
  });
});

const RELEASE = '7.2.13+deb14-amd64';
const MODULES = `usr/lib/modules/${RELEASE}`;

function split(): void {
  const part = (name: string): string => join(unpacked(), `linux-${name}-${RELEASE}`);
  write(part('image'), { 'usr/share/lintian/overrides/x': '' });
  write(part('modules'), { [`${MODULES}/kernel/a.ko.xz`]: '' });
  write(part('base'), { [`${MODULES}/config`]: 'CONFIG_NUMA=y\n', [`${MODULES}/modules.builtin`]: '' });
  write(part('binary'), { [`${MODULES}/vmlinuz`]: { release: RELEASE } });
}

test('an empty linux-image has its image, config and modules in three others', async () => {
  split();
  expect(await find('debian:7.2')).toEqual({
    source: 'debian:7.2',
    image: join(unpacked(), `linux-binary-${RELEASE}`, MODULES, 'vmlinuz'),
    format: 'bzImage',
    arch: 'x86_64',
    page_size: 4096,
    release: RELEASE,
    config: 'CONFIG_NUMA=y\n',
    modules: join(unpacked(), `linux-modules-${RELEASE}`, 'usr/lib/modules'),
  });
});

test('a directory may have an image beside its modules, but not two', async () => {
  write(dir, {
    [`own/${MODULES}/vmlinuz`]: { release: RELEASE },
    [`own/${MODULES}/config`]: 'CONFIG_NUMA=n\n',
  });
  const own = join(dir, 'own');
  expect(await find(own)).toMatchObject({
    image: join(own, MODULES, 'vmlinuz'),
    release: RELEASE,
    config: 'CONFIG_NUMA=n\n',
    modules: join(own, 'usr/lib/modules'),
  });
  write(own, { 'usr/lib/modules/7.2.14/vmlinuz': { release: '7.2.14' } });
  await expect(find(own)).rejects.toThrow(`${own}: has 2 kernels: name one of the images`);
  rmSync(join(own, 'usr'), { recursive: true });
  await expect(find(own)).rejects.toThrow(
    `${own}: is neither a kernel build tree with an image of x86_64 nor an unpacked package`,
  );
});

test('packages of a suite lie apart from those of the host', async () => {
  split();
  const suites: (string | undefined)[] = [];
  const finder = new KernelFinder(dir, (arch, suite) => {
    suites.push(suite);
    return new Debian(arch, dir, undefined, suite);
  });
  const sid = join(dir, 'debian/amd64@sid/unpacked', `linux-image-${RELEASE}`);
  write(sid, { [`boot/vmlinuz-${RELEASE}`]: { release: RELEASE } });
  expect((await finder.find('debian:7.2/amd64@sid', X86)).image).toBe(join(sid, `boot/vmlinuz-${RELEASE}`));
  expect((await finder.find('debian:7.2', X86)).image).toContain(`linux-binary-${RELEASE}`);
  expect(suites).toEqual(['sid', undefined]);
  await expect(finder.find('debian:7.2@', X86)).rejects.toThrow(
    'is not debian:VERSION[/FLAVOUR][@SUITE], as in debian:6.1/arm64 or debian:7.2@sid',
  );
});
