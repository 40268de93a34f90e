import type { Monitor } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import type { System } from './system.ts';
import { TableSystem } from './table-system.ts';
import { WorldSystem } from './world.ts';

/** The transition system of a program. */
export function systemOf(program: Program, monitors: readonly Monitor[] = [], forget = true): System {
  if (program.machine === undefined) return new TableSystem(program, forget);
  const system = new WorldSystem(program, forget);
  system.looked = monitors.some((m) => m.state !== undefined);
  return system;
}
