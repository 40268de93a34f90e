/** Failed system calls. */

/** The errno name of a failed system call, undefined for any other exception. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
    ? error.code
    : undefined;
}

/** The meaning of an errno name, in words. */
export function reason(code: string): string {
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'ENOENT') return 'no such file or directory';
  if (code === 'EISDIR') return 'is a directory';
  if (code === 'ELOOP') return 'too many symbolic links';
  if (code === 'ENAMETOOLONG') return 'file name too long';
  if (code === 'ENOSPC') return 'no space left on device';
  return code;
}

/** The path that a failed system call was about, and what the system says of it; undefined for any other exception. */
export function aboutPath(error: unknown): string | undefined {
  const code = codeOf(error);
  if (code === undefined || !(error instanceof Error && 'path' in error)) return undefined;
  return `${String(error.path)}: ${reason(code)}`;
}
