import type { Command } from 'commander';
import { quote } from '../../../errors/input-error.ts';
import { BadLayout, customLayout, type Layout, type Region } from '../../../geometry/layout.ts';
import { layout, layoutFamily } from '../../../geometry/layouts.ts';
import { type Arch, PAGE_SIZES, VA_BITS } from '../../../geometry/sizes.ts';
import { NoSuchGeometry, parseVa, type Translation, translation } from '../../../geometry/translation.ts';
import { parseSize } from '../../../machines/text/size.ts';
import { findRelease, mainline, nearestRelease } from '../../../releases/index.ts';
import { geometryBands } from '../../../report/drawing/geometry-bands.ts';
import {
  type Combination,
  combinationsJson,
  combinationsText,
  geometryJson,
  geometryText,
} from '../../../report/tables/geometry.ts';
import { bandsDrawn, checkDrawing, type DrawingFlags, drawingOptions, drawn } from '../../drawing.ts';
import { type NearestFlag, namedRelease, nearestOption } from '../../inputs/named-release.ts';
import { printNotes } from '../../inputs/notes.ts';

interface Flags extends NearestFlag, DrawingFlags {
  readonly arch?: string;
  readonly page?: string;
  readonly va?: string;
  readonly userVa?: string;
  readonly release: string;
  readonly region?: readonly string[];
  readonly all?: boolean;
  readonly json?: boolean;
}

const ARCHS: readonly Arch[] = ['arm64', 'x86_64'];

/** Defines `mhp geometry`: shapes of page tables and kernel address space layouts. */
export function define(command: Command): void {
  drawingOptions(
    nearestOption(command),
    'the address space',
    'linear, vmalloc, vmemmap, modules, other, shared',
  )
    .option('--arch <arch>', 'arm64 or x86_64 (default: arm64)')
    .option('--page <size>', 'page size: 4K, 16K or 64K (default: 4K)')
    .option('--va <bits>', 'VA_BITS: 36, 39, 42, 47, 48, 52; x86_64: 48, 57 (default: 48)')
    .option(
      '--user-va <bits>',
      '52: use the larger root table of a 64K kernel before v5.4 with "52-bit (user)"',
    )
    .option('--release <name>', 'use the layout of this release, series or kernel version', 'v6.1')
    .option(
      '--region <name=start-end>',
      'move or add a region (hexadecimal, end exclusive); NAME=none removes it',
      (value: string, all: readonly string[] = []) => [...all, value],
    )
    .option('--all', 'print one line per combination of page size and address width')
    .option('--json', 'print JSON');
  command.action(async (flags: Flags) => {
    checkDrawing(flags);
    process.stdout.write(await output(flags));
  });
}

/**
 * The layout family of a name: a series has the layout that its release says. The layouts of all kernel versions up to the
 * newest modelled one are known.
 */
function familyOf({ release: name, nearest }: Pick<Flags, 'release' | 'nearest'>): string {
  const newest = mainline.at(-1)!;
  const newer = nearestRelease(name) === newest && findRelease(name) !== newest;
  if (layoutFamily(name) !== undefined && !newer) return name;
  const { release, notes } = namedRelease('--release', name, { nearest: nearest ?? false });
  printNotes(notes);
  return release.constants.layout;
}

async function output(flags: Flags): Promise<string> {
  const arch = ARCHS.find((name) => name === (flags.arch ?? 'arm64'));
  if (!arch) throw new NoSuchGeometry(`--arch ${quote(flags.arch!)} is not one of ${ARCHS.join(', ')}`);
  if (flags.all) {
    if (flags.draw || flags.svg !== undefined)
      throw new NoSuchGeometry('--all cannot be combined with --draw or --svg');
    if (flags.page ?? flags.va ?? flags.userVa ?? flags.region)
      throw new NoSuchGeometry('--all cannot be combined with --page, --va, --user-va or --region');
    const all = combinations(flags).filter(({ t }) => t.arch === (flags.arch ?? t.arch));
    return flags.json ? json(combinationsJson(all)) : combinationsText(all);
  }
  const t = shape(arch, flags);
  const base = layout(t, familyOf(flags));
  const shown = flags.region ? moved(t, base, flags.region) : base;
  const drawing = () => bandsDrawn(geometryBands(t, shown), flags);
  if (await drawn(flags, drawing)) return '';
  return flags.json ? json(geometryJson(t, shown)) : geometryText(t, shown);
}

function shape(arch: Arch, flags: Flags): Translation {
  const { page, va, userVa } = flags;
  const pageSize = parseSize(page ?? '4K');
  if (pageSize === undefined) throw new NoSuchGeometry(`--page ${quote(page!)} is not a size`);
  if (!/^\d{1,3}$/.test(va ?? '48')) throw new NoSuchGeometry(`--va ${quote(va!)} is not a number of bits`);
  const bits = Number(va ?? 48);
  if (userVa === undefined) return translation(arch, pageSize, bits);
  if (userVa !== '52') throw new NoSuchGeometry(`--user-va ${quote(userVa)} is not 52`);
  if (layoutFamily(familyOf(flags)) !== 'v5.2')
    throw new NoSuchGeometry('--user-va applies only before v5.4');
  return translation(arch, pageSize, bits, { MAX_USER_VA_BITS: 52 });
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Every shape, with this release's layout for it. */
function combinations(flags: Flags): Combination[] {
  const family = familyOf(flags);
  layout(translation('arm64', 4096, 48), family);
  return ARCHS.flatMap((arch) =>
    PAGE_SIZES[arch].flatMap((pageSize) =>
      VA_BITS[arch][pageSize]!.map((vaBits) => {
        const t = translation(arch, pageSize, vaBits);
        try {
          return { t, layout: layout(t, family) };
        } catch (error) {
          if (error instanceof NoSuchGeometry) return { t };
          throw error;
        }
      }),
    ),
  );
}

const NEEDED_REGIONS = ['linear', 'vmalloc', 'vmemmap'];

/** A layout with some regions replaced, added or removed. */
function moved(t: Translation, base: Layout, changes: readonly string[]): Layout {
  const regions = new Map<string, Region>(base.regions.map((region) => [region.name, region]));
  for (const change of changes) {
    const match = /^([^=]*)=(?:(none)|(?:0x)?([0-9a-f]{1,16})-(?:0x)?([0-9a-f]{1,16}))$/i.exec(change);
    if (!match) throw new BadLayout(`--region ${quote(change)} is not NAME=START-END or NAME=none`);
    const [, name, none, start, end] = match as unknown as [string, string, string?, string?, string?];
    if (none) {
      if (!regions.delete(name))
        throw new BadLayout(`--region ${quote(change)}: ${base.name} has no such region`);
      if (NEEDED_REGIONS.includes(name))
        throw new BadLayout(`--region ${quote(change)}: every layout needs ${name}`);
    } else regions.set(name, { name, start: address(start!), end: address(end!) });
  }
  return customLayout(t, [...regions.values()], `custom (on ${base.name})`);
}

function address(text: string): number {
  try {
    return parseVa(text);
  } catch (error) {
    if (error instanceof RangeError) throw new BadLayout(error.message);
    throw error;
  }
}
