import { z } from 'zod';
import { SIZE_PATTERN } from '../text/size.ts';

/** Names and values are checked by the reader, which names what is unknown. */
const config = z
  .record(z.string().max(64), z.union([z.boolean(), z.int(), z.string().max(64)]))
  .meta({ description: 'Build options of the kernel that differ from the usual: ACPI_HOTPLUG_MEMORY: n' });

const NO_SIZE = { error: 'is not a number of bytes such as 134217728, "128M" or "0x8000000"' };
const size = z.union([z.int().min(0), z.string().regex(SIZE_PATTERN, NO_SIZE)], NO_SIZE).meta({
  description: 'Bytes: an integer, or a text such as "128M", "1GiB" or "0x8000000"; units are powers of 1024',
});
const nid = z.int().min(0).max(1023);
const line = z
  .string()
  .regex(/^[^\n\r\0]{0,4096}$/, { error: 'is not a single line of at most 4096 characters' });

const ramSchema = z.strictObject({
  start: size,
  size,
  node: nid.default(0),
  hotpluggable: z
    .boolean()
    .optional()
    .meta({ description: 'SRAT calls it hot-pluggable: with movable_node it boots into ZONE_MOVABLE' }),
  mirrored: z
    .boolean()
    .optional()
    .meta({ description: 'The firmware mirrors it: with kernelcore=mirror the kernel zones consist of it' }),
  count: z.int().min(1).max(4096).optional().meta({ description: 'So many equal ranges, `stride` apart' }),
  stride: size.optional().meta({ description: 'Bytes from the start of one range to the next' }),
});

const nodeSchema = z.strictObject({
  node: nid,
  cpus: z
    .union([z.array(z.int().min(0).max(65_535)).max(65_536), line])
    .default([])
    .meta({ description: 'CPUs, as a list or as "0-3,8"' }),
  distance: z.array(z.int().min(0).max(255)).max(1024).optional(),
});

const slotSchema = z.strictObject({
  slot: z.int().min(0).max(65_535),
  start: size.optional(),
  size: size.optional(),
  node: nid.optional(),
});

/** A machine file: a machine that has not booted yet, as a person writes it in YAML. */
export const machineFileSchema = z
  .strictObject({
    schema: z.literal('mhp-machine/1').optional(),
    arch: z.enum(['arm64', 'x86_64']),
    page_size: size.default(4096).meta({ description: '4K, on arm64 also 16K or 64K' }),
    va_bits: z.int().min(36).max(57).optional().meta({ description: 'Bits of a kernel virtual address' }),
    release: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'A kernel release, such as v6.1 or 6.1.192' }),
    block_size: size.optional().meta({ description: 'Bytes of a memory block: a power of two' }),
    boot_options: z
      .union([line, z.array(line).max(256)])
      .optional()
      .meta({ description: 'The kernel command line, whole or in words' }),
    config: config.optional(),
    debug_vm: z.boolean().optional().meta({ description: 'Built with CONFIG_DEBUG_VM' }),
    guest: z.boolean().optional().meta({
      description:
        'x86-64: whether it runs under a hypervisor, as assumed if it does not say; bare metal with 64G and more has memory blocks of 2G',
    }),
    hypervisor: z
      .enum(['hyperv', 'xen'])
      .optional()
      .meta({ description: 'A guest whose balloon driver decides which pages go online' }),
    ram: z.array(ramSchema).min(1).max(4096).meta({ description: 'RAM as the firmware describes it' }),
    holes: z
      .array(z.strictObject({ start: size, size }))
      .max(65_536)
      .optional()
      .meta({ description: 'Reserved parts of the RAM' }),
    nodes: z
      .array(nodeSchema)
      .max(1024)
      .optional()
      .meta({ description: 'The possible nodes; those of ram and slots by default' }),
    slots: z
      .array(slotSchema)
      .max(65_536)
      .optional()
      .meta({ description: 'Slots that DIMMs can be plugged into' }),
  })
  .meta({ title: 'mhp machine', description: 'A machine for mhp, before it boots' });

export type MachineFile = z.infer<typeof machineFileSchema>;

/** The JSON Schema of a machine file, published as schemas/machine.schema.json. */
export function machineJsonSchema(): unknown {
  return z.toJSONSchema(machineFileSchema, { io: 'input' });
}
