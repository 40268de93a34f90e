/** Whether a name is that of a module rather than of a built-in program. */
export const isModule = (name: string): boolean => /\.[cm]?[jt]s$/.test(name);
