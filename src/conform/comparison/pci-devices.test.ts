import { expect, test } from 'vitest';
import { withoutOtherPciDevices } from './pci-devices.ts';

const BEFORE = `c0000000-febfffff : PCI Bus 0000:00
  fea00000-fea03fff : 0000:00:02.0
    fea00000-fea03fff : virtio-pci-modern
100000000-13fffffff : System RAM
`;
const PLUGGED = BEFORE.replace(
  '  fea00000',
  `  fe800000-fe9fffff : PCI Bus 0000:01
    fe800000-fe803fff : 0000:01:00.0
      fe800000-fe803fff : virtio-pci-modern
  fea00000`,
);

test('a PCI device that the other text lacks is left out, with its driver; a bus and memory are not', () => {
  expect(withoutOtherPciDevices(PLUGGED, BEFORE)).toBe(
    BEFORE.replace('  fea00000', '  fe800000-fe9fffff : PCI Bus 0000:01\n  fea00000'),
  );
  expect(withoutOtherPciDevices(BEFORE, PLUGGED)).toBe(BEFORE);
  expect(withoutOtherPciDevices('0-1 : System RAM\n', BEFORE)).toBe('0-1 : System RAM\n');
});
