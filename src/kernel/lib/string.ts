/** One trailing newline does not count. */
export const sysfs_streq = (a: string, b: string): boolean => a === b || a === `${b}\n`;
