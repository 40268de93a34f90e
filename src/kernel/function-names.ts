/**
 * Whether a method of a release's function table is a function of the kernel. The model's own methods start with `$`,
 * which no identifier of the kernel has.
 */
export const isKernelFunction = (name: string): boolean => !name.startsWith('$');
