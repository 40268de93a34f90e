import type { Bundle } from './bundle.ts';
import { FUNCTIONS } from './functions.ts';
import { X86_FUNCTIONS } from './functions-x86.ts';

/** A function of the model for which C may stand, on any architecture. */
export type SourceFunctionName = keyof typeof FUNCTIONS | keyof typeof X86_FUNCTIONS;

/** The functions of an architecture for which C may stand, by name. */
export const functionsOf = (arch: Bundle['arch']) => (arch === 'arm64' ? FUNCTIONS : X86_FUNCTIONS);

/** The same on all architectures. */
export const SOURCE_FUNCTION_NAMES = [
  ...new Set([...Object.keys(FUNCTIONS), ...Object.keys(X86_FUNCTIONS)]),
] as readonly SourceFunctionName[];
