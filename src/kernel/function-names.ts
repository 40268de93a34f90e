/**
 * Whether a method of a release's function table is a kernel function. The model's own methods start with `$`, which no
 * identifier of the kernel contains.
 */
export const isKernelFunction = (name: string): boolean => !name.startsWith('$');
