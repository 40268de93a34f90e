import { boot, type Model } from '../../boot/boot.ts';
import { parseMachineFile } from '../../machines/machine-file/machine-file.ts';
import { atVersion } from '../../releases/at-version.ts';
import { findRelease, nearestRelease, type Release } from '../../releases/index.ts';
import type { Bundle } from '../bundle.ts';
import type { SourceProgram } from '../program.ts';
import { sourceRelease } from '../release.ts';
import { BadBundle } from '../stop.ts';

/** The modelled release of a bundle's series, with the back-ports of its version. @throws BadBundle if none is modelled */
export function releaseOf({ version }: Bundle): Release {
  const [, series] = /^(\d+\.\d+)/.exec(version) ?? [];
  const release = findRelease(`v${series}`);
  if (!release) throw new BadBundle(`no release of the model stands for the bundle's ${version}`);
  return atVersion(release, version);
}

/**
 * The release on which a recording of a kernel is replayed, with the C of a bundle in it.
 * @throws BadBundle if the bundle is of another series
 */
export function sourceReleaseFor(kernel: string, program: SourceProgram): Release {
  const release = releaseOf(program.bundle);
  if (nearestRelease(kernel)?.name !== release.name)
    throw new BadBundle(`the recording is of Linux ${kernel}, the bundle of ${program.bundle.version}`);
  return sourceRelease(release, program);
}

/** The page size in K and the address bits that a bundle was configured with. */
export function geometryOf({ arch, config }: Bundle): { readonly page: number; readonly bits: number } {
  // a kernel for five levels runs with four where the processor has no more
  if (arch === 'x86_64') return { page: 4, bits: 48 };
  const page = ([4, 16, 64] as const).find((k) => config[`ARM64_${k}K_PAGES`] === 'y');
  const bits = Number(config.ARM64_VA_BITS);
  if (!page || !bits)
    throw new BadBundle('the configuration of the bundle names no page size or address width');
  return { page, bits };
}

/** A machine with two nodes, booted with the release and geometry of a bundle; every access is a step. */
export function bootFor(bundle: Bundle, bootOptions: string): Model {
  const { page, bits } = geometryOf(bundle);
  const machine = parseMachineFile(
    JSON.stringify({
      arch: bundle.arch,
      ...(bundle.arch === 'arm64' ? { page_size: `${page}K` } : {}),
      va_bits: bits,
      ram: [
        { start: '1G', size: '2G', node: 0 },
        { start: '4G', size: '1G', node: 1 },
      ],
      nodes: [
        { node: 0, cpus: '0' },
        { node: 1, cpus: '1' },
      ],
      ...(bootOptions ? { boot_options: bootOptions } : {}),
    }),
    'machine',
  );
  return boot(machine, releaseOf(bundle), {
    explored: true,
    ptdump_debugfs: bundle.config.PTDUMP_DEBUGFS === 'y',
  });
}
