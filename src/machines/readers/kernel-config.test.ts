import { expect, test } from 'vitest';
import { parseOps } from '../recording/ops.ts';
import { MemTree } from '../sources/mem-tree.ts';
import { readKernelConfig } from './kernel-config.ts';

const CONFIG = `#
# Automatically generated file; DO NOT EDIT.
#
CONFIG_CC_VERSION_TEXT="gcc (Debian 12.2.0-14) 12.2.0"
CONFIG_NODES_SHIFT=4
CONFIG_ACPI_HOTPLUG_MEMORY=y
# CONFIG_DEBUG_VM is not set
CONFIG_ZONE_DEVICE=y
CONFIG_PTDUMP_DEBUGFS=m
CONFIG_KASAN=y
`;

test('the modelled options of a .config, for the release that runs', () => {
  const tree = new MemTree('source');
  tree.addFile('boot/config-6.1.0-56-arm64', CONFIG);
  tree.addFile('lib/modules/6.12.1/config', 'CONFIG_DEBUG_VM=y\r\n');
  expect(readKernelConfig(tree, undefined, '6.1.0-56-arm64')).toEqual({
    NODES_SHIFT: 4,
    ACPI_HOTPLUG_MEMORY: true,
    DEBUG_VM: false,
    ZONE_DEVICE: true,
  });
  expect(readKernelConfig(tree, undefined, '6.12.1')).toEqual({ DEBUG_VM: true });
  expect(readKernelConfig(tree, undefined, '6.1.1')).toBe(undefined);
  expect(readKernelConfig(tree, undefined, '../config-6.1')).toBe(undefined);
  expect(readKernelConfig(tree, undefined, undefined)).toBe(undefined);
});

test('a recording has its own', () => {
  const top = new MemTree('recording');
  top.addFile('kernel.config', CONFIG);
  const head = { schema: 'mhp-recording/1', arch: 'arm64', kernel: '6.1', page_size: 4096 };
  const ops = parseOps(JSON.stringify({ ...head, cmdline: '', steps: [] }), 'recording');
  expect(readKernelConfig(new MemTree('step'), { ops, top }, '6.1')?.NODES_SHIFT).toBe(4);
});
