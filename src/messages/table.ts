import type { Message } from './entry.ts';
import { arch } from './table/arch.ts';
import { drivers } from './table/drivers.ts';
import { memoryHotplug } from './table/memory-hotplug.ts';
import { mm } from './table/mm.ts';
import { old } from './table/old.ts';

/** What the model prints: every message with the place of the kernel that prints it. */
export const messages: readonly Message[] = [...memoryHotplug, ...mm, ...drivers, ...arch, ...old].flatMap(
  ({ file, entries }) => entries.map((entry) => ({ file, ...entry })),
);
