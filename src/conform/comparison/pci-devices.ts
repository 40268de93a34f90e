/** The line of a PCI device, or of its driver below it, in /proc/iomem. */
const DEVICE = /^( *)[0-9a-f]+-[0-9a-f]+ : [0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

/**
 * The text of /proc/iomem without the PCI devices, and what is below them, that another text lacks: devices that were plugged or
 * unplugged, whose windows are no memory.
 */
export function withoutOtherPciDevices(text: string, other: string): string {
  const there = new Set(other.split('\n'));
  let inside = -1;
  return text
    .split('\n')
    .filter((line) => {
      const depth = /^ */.exec(line)![0].length;
      if (inside >= 0 && depth > inside) return false;
      inside = DEVICE.test(line) && !there.has(line) ? depth : -1;
      return inside < 0;
    })
    .join('\n');
}
