import { constants } from 'node:os';

/** errno names of the guest, which runs Linux as the host does. */

const NAMES = new Map<number, string>([
  ...Object.entries(constants.errno).map(([name, n]) => [n, name] as const),
  [11, 'EAGAIN'],
  [95, 'EOPNOTSUPP'],
  [133, 'EHWPOISON'],
  [513, 'ERESTARTNOINTR'],
]);

/** The name of what a kernel function returned; null for success. */
export const errnoOf = (ret: bigint): string | null =>
  ret >= 0n ? null : (NAMES.get(Number(-ret)) ?? `E${-ret}`);

/** The texts of strerror(3) as the guest's C library has them. */
const TEXTS: Readonly<Record<string, string>> = {
  'Operation not permitted': 'EPERM',
  'No such file or directory': 'ENOENT',
  'nonexistent directory': 'ENOENT',
  'Interrupted system call': 'EINTR',
  'Input/output error': 'EIO',
  'I/O error': 'EIO',
  'No such device or address': 'ENXIO',
  'Argument list too long': 'E2BIG',
  'Resource temporarily unavailable': 'EAGAIN',
  'Cannot allocate memory': 'ENOMEM',
  'Out of memory': 'ENOMEM',
  'Permission denied': 'EACCES',
  'Device or resource busy': 'EBUSY',
  'File exists': 'EEXIST',
  'No such device': 'ENODEV',
  'Is a directory': 'EISDIR',
  'Invalid argument': 'EINVAL',
  'No space left on device': 'ENOSPC',
  'Numerical result out of range': 'ERANGE',
  'Operation not supported': 'EOPNOTSUPP',
  'Memory page has hardware error': 'EHWPOISON',
};

/** The errno that a message of busybox ends with; undefined if it ends with none that is known. */
export function errnoInText(text: string): string | undefined {
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  return TEXTS[last.slice(last.lastIndexOf(': ') + 2)];
}
