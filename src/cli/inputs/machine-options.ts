import type { Command } from 'commander';
import { InputError, quote } from '../../errors/input-error.ts';
import { type Arch, PAGE_SIZES } from '../../geometry/sizes.ts';
import type { Known } from '../../machines/readers/identity.ts';
import { parseSize } from '../../machines/text/size.ts';
import { mainline } from '../../releases/index.ts';
import { type NearestFlag, nearestOption } from './named-release.ts';

/** The options of every command that takes a machine. */
export interface MachineFlags extends NearestFlag {
  readonly release?: string;
  readonly arch?: string;
  readonly pageSize?: string;
}

/** Adds the options that say what a source does not, or say it differently. */
export const machineOptions = (command: Command): Command =>
  nearestOption(
    command.option(
      '--release <name>',
      `the kernel: ${mainline.map(({ name }) => name).join(', ')} or a series (default: that of the source)`,
    ),
  )
    .option('--arch <name>', 'x86_64 or arm64, if the source does not say it')
    .option('--page-size <size>', '4K, 16K or 64K, if the source does not say it');

const ARCHS = Object.keys(PAGE_SIZES) as readonly Arch[];

/** What the options say about the machine. @throws InputError */
export function knownOf({ arch: name, pageSize: text }: MachineFlags): Known {
  const arch = ARCHS.find((known) => known === name);
  if (name !== undefined && arch === undefined)
    throw new InputError('--arch', '', `${quote(name)} is not one of ${ARCHS.join(', ')}`);
  const size = text === undefined ? undefined : parseSize(text);
  const sizes = arch === undefined ? PAGE_SIZES.arm64 : PAGE_SIZES[arch];
  if (text !== undefined && (size === undefined || !sizes.includes(size))) {
    const of = arch === undefined ? '' : ` of ${arch}`;
    throw new InputError('--page-size', '', `${quote(text)} is not a page size${of}: ${sizes.join(', ')}`);
  }
  return { ...(arch === undefined ? {} : { arch }), ...(size === undefined ? {} : { page_size: size }) };
}
