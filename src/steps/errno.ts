/** Linux error numbers that the modelled code returns, by name (include/uapi/asm-generic/errno*.h). */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
  EOPNOTSUPP: 95,
  EHWPOISON: 133,
  /** The kernel restarts the system call; programs never see this value. */
  ERESTARTNOINTR: 513,
} as const;

export type Errno = keyof typeof ERRNO;

const names = new Map<number, Errno>(Object.entries(ERRNO).map(([name, n]) => [n, name as Errno]));

/** The name of a kernel return value: null for 0 and above, "EBUSY" for -16; an unlisted number is returned as text. */
export function errnoName(ret: number): string | null {
  return ret >= 0 ? null : (names.get(-ret) ?? String(-ret));
}

/** Whether a return value is an error number: -1 to -4095 (include/linux/err.h, IS_ERR_VALUE). */
export const isErrno = (ret: number): boolean => Number.isInteger(ret) && ret < 0 && ret >= -4095;
