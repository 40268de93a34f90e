import * as locks from '../../kernel/locks.ts';
import type { Steps } from '../../steps/step.ts';

/** Functions of the kernel that take and release locks; threads call them by name. */
export const LOCKS: Readonly<Record<string, (...args: never[]) => Steps<unknown>>> = locks;
