import { expect, test } from 'vitest';
import { ARM64, booted, cat, G, M, must, play, X86 } from '../../../../test/kit.ts';
import type { Session } from '../../../scenarios/running/session.ts';

const ND = '/sys/bus/nd';
const UUID = '76f4b8eb-8185-479f-9123-e1f87f7b6f2f';

/** A region without labels at 4G: its namespace is raw, and bound to nd_pmem. */
const machine = (release: string, arm64 = true): Session => {
  const session = booted(release, arm64 ? ARM64 : { ...X86, ram: [{ start: 0, size: 2 * G }] });
  must(session, { nvdimm: { region: 0, start: 4 * G, size: 256 * M, labels: false } });
  return session;
};
const write = (s: Session, path: string, value: string) => s.write(path, value).errno ?? 'success';
const bound = (s: Session, bus: string, driver: string): readonly string[] => {
  const entry = s.read(`/sys/bus/${bus}/drivers/${driver}`);
  return entry?.kind === 'dir' ? entry.names.filter((name) => /\d/.test(name)) : [];
};

/** Gives the namespace to an instance, as a shell without ndctl does. */
function claim(s: Session, name: string, mode: string, align = '4096'): string[] {
  return [
    write(s, `${ND}/drivers/nd_pmem/unbind`, 'namespace0.0'),
    ...Object.entries({ mode, align, uuid: UUID, namespace: 'namespace0.0' }).map(([file, value]) =>
      write(s, `${ND}/devices/${name}/${file}`, value),
    ),
  ];
}

test.each(['v5.10', 'v6.1', 'v7.2'])('%s: a pfn instance is made, unbound and bound again', (release) => {
  const s = machine(release);
  expect(bound(s, 'nd', 'nd_pmem')).toEqual(['namespace0.0']);
  expect(claim(s, 'pfn0.0', 'ram')).toEqual(Array(5).fill('success'));
  const files = ['mode', 'align', 'uuid', 'namespace', 'size'];
  const shown = () => files.map((file) => cat(s, `${ND}/devices/pfn0.0/${file}`));
  // without a driver the size cannot be read
  expect(shown()).toEqual(['ram\n', '4096\n', `${UUID}\n`, 'namespace0.0\n', null]);
  expect(write(s, `${ND}/drivers/nd_pmem/bind`, 'pfn0.0\n')).toBe('success');
  expect(shown().at(-1)).toBe(`${254 * M}\n`);
  expect(cat(s, `${ND}/devices/pfn0.0/resource`)).toBe('0x100200000\n');
  expect(cat(s, `${ND}/devices/namespace0.0/holder`)).toBe('pfn0.0\n');
  expect(cat(s, `${ND}/devices/region0/pfn_seed`)).toBe('pfn0.1\n');
  expect(cat(s, '/proc/iomem')).toContain('  100000000-10fffffff : namespace0.0\n');
  expect(write(s, `${ND}/drivers/nd_pmem/unbind`, 'pfn0.0')).toBe('success');
  expect(bound(s, 'nd', 'nd_pmem')).toEqual([]);
  expect(cat(s, '/proc/iomem')).not.toContain('namespace0.0');
  // the instance holds the namespace still, and its info block is read again
  expect(write(s, `${ND}/drivers/nd_pmem/bind`, 'pfn0.0')).toBe('success');
  expect(bound(s, 'nd', 'nd_pmem')).toEqual(['pfn0.0']);
});

test('what a driver refuses reaches user space from v5.14 on', () => {
  const answers = (release: string) => {
    const s = machine(release);
    const bind = (driver: string, name: string) => write(s, `${ND}/drivers/${driver}/bind`, name);
    return {
      bound_already: bind('nd_pmem', 'namespace0.0'),
      claims_nothing: bind('nd_pmem', 'pfn0.0'),
      other_driver: bind('dax_pmem', 'pfn0.0'),
      no_such_device: bind('nd_pmem', 'pfn0.7'),
      not_its_own: write(s, `${ND}/drivers/dax_pmem/unbind`, 'namespace0.0'),
      claim: claim(s, 'pfn0.0', 'ram'),
      claimed: bind('nd_pmem', 'namespace0.0'),
    };
  };
  const same = {
    claims_nothing: 'ENODEV',
    other_driver: 'ENODEV',
    no_such_device: 'ENODEV',
    not_its_own: 'ENODEV',
    claim: Array(5).fill('success'),
  };
  expect(answers('v6.1')).toEqual({ ...same, bound_already: 'EBUSY', claimed: 'ENXIO' });
  expect(answers('v5.10')).toEqual({ ...same, bound_already: 'ENODEV', claimed: 'ENODEV' });
});

test('an instance refuses what does not fit', () => {
  const s = machine('v6.1');
  const file = (name: string, value: string) => write(s, `${ND}/devices/pfn0.0/${name}`, value);
  expect(file('align', '8192')).toBe('EINVAL');
  expect(file('align', '1073741824')).toBe('EINVAL');
  expect(file('align', '0x200000\n')).toBe('success');
  expect(file('mode', 'dram')).toBe('EINVAL');
  expect(file('uuid', '76f4b8eb')).toBe('EINVAL');
  expect(file('namespace', 'region0')).toBe('EINVAL');
  expect(file('namespace', 'namespace0.1')).toBe('ENODEV');
  expect(claim(s, 'pfn0.0', 'pmem', '2097152')).toEqual(Array(5).fill('success'));
  expect(file('namespace', 'namespace0.0')).toBe('EBUSY');
  expect(write(s, `${ND}/devices/dax0.0/namespace`, 'namespace0.0')).toBe('EBUSY');
  expect(write(s, `${ND}/drivers/nd_pmem/bind`, 'pfn0.0')).toBe('success');
  for (const name of ['mode', 'align', 'uuid', 'namespace']) expect(file(name, 'x')).toBe('EBUSY');
  expect(write(s, `${ND}/devices/pfn0.5/mode`, 'ram')).toBe('ENOENT');
});

test('an instance that is no seed goes when it gives its namespace back; the info block makes the next one', () => {
  const s = machine('v6.1');
  claim(s, 'pfn0.0', 'ram');
  write(s, `${ND}/drivers/nd_pmem/bind`, 'pfn0.0');
  write(s, `${ND}/drivers/nd_pmem/unbind`, 'pfn0.0');
  expect(write(s, `${ND}/devices/pfn0.0/namespace`, '\n')).toBe('success');
  expect(cat(s, `${ND}/devices/pfn0.0/mode`)).toBe(null);
  expect(cat(s, `${ND}/devices/namespace0.0/mode`)).toBe('raw\n');
  // the probe of the namespace finds the info block
  expect(write(s, `${ND}/drivers/nd_pmem/bind`, 'namespace0.0')).toBe('ENXIO');
  expect(cat(s, `${ND}/devices/namespace0.0/holder`)).toBe('pfn0.0\n');
  expect(cat(s, `${ND}/devices/pfn0.0/uuid`)).toBe(`${UUID}\n`);
  expect(bound(s, 'nd', 'nd_pmem')).toEqual(['pfn0.0']);
});

test('kmem takes an instance whose id it is given, and cannot remove memory that is online', () => {
  const s = machine('v6.1', false);
  claim(s, 'dax0.0', 'ram');
  expect(write(s, `${ND}/drivers/dax_pmem/bind`, 'dax0.0')).toBe('success');
  expect(bound(s, 'dax', 'device_dax')).toEqual(['dax0.0']);
  expect(write(s, '/sys/bus/dax/drivers/kmem/bind', 'dax0.0')).toBe('ENODEV');
  expect(write(s, '/sys/bus/dax/drivers/kmem/new_id', 'dax0')).toBe('EINVAL');
  expect(write(s, '/sys/bus/dax/drivers/kmem/new_id', 'dax0.0\n')).toBe('success');
  // device_dax has it still
  expect(bound(s, 'dax', 'kmem')).toEqual([]);
  expect(write(s, '/sys/bus/dax/drivers/kmem/bind', 'dax0.0')).toBe('EBUSY');
  expect(write(s, '/sys/bus/dax/drivers/device_dax/unbind', 'dax0.0')).toBe('success');
  expect(write(s, '/sys/bus/dax/drivers/kmem/bind', 'dax0.0')).toBe('success');
  expect(s.state.memory_block.has(33)).toBe(true);
  must(s, { online: 33 });
  const [unbind] = play(s, { write: { path: '/sys/bus/dax/drivers/kmem/unbind', value: 'dax0.0' } });
  expect(unbind).toMatchObject({
    result: 'success',
    messages: expect.arrayContaining([
      'kmem dax0.0: mapping0: 0x108000000-0x10fffffff cannot be hotremoved until the next reboot',
    ]),
  });
  expect(write(s, '/sys/bus/dax/drivers/kmem/bind', 'dax0.0')).toBe('EBUSY');
  expect(write(s, '/sys/bus/dax/drivers/kmem/remove_id', 'dax0.0')).toBe('success');
  expect(write(s, '/sys/bus/dax/drivers/kmem/bind', 'dax0.0')).toBe('ENODEV');
});

test('a region without its driver has no namespaces', () => {
  const s = machine('v6.1');
  expect(write(s, `${ND}/drivers/nd_region/unbind`, 'region0')).toBe('success');
  expect(s.read(`${ND}/devices`)).toEqual({ kind: 'dir', names: ['region0'] });
  expect(write(s, `${ND}/drivers/nd_region/bind`, 'region0')).toBe('success');
  expect(s.read(`${ND}/devices`)).toMatchObject({
    names: ['btt0.0', 'dax0.0', 'namespace0.0', 'pfn0.0', 'region0'],
  });
});

test('carved out of RAM: struct pages without an instance, a warning with each disk, an end that cannot be mapped', () => {
  const s = booted('v6.1', { ...X86, ram: [{ start: 0, size: 2 * G }] });
  const [whole] = play(s, { nvdimm: { region: 0, start: 4 * G, size: 64 * M, carved: true } });
  expect(whole!.messages).toContain('nd_pmem namespace0.0: unable to guarantee persistence of writes');
  expect(cat(s, `${ND}/devices/namespace0.0/mode`)).toBe('memory\n');
  const [odd] = play(s, { nvdimm: { region: 1, start: 5 * G + M, size: 20 * M, carved: true } });
  expect(odd!.messages).toEqual([
    'nd_pmem namespace1.0: [mem 0x140100000-0x1414fffff flags 0x200] misaligned, unable to map',
    'nd_pmem: probe of namespace1.0 failed with error -95',
  ]);
  expect(bound(s, 'nd', 'nd_pmem')).toEqual(['namespace0.0']);
});
