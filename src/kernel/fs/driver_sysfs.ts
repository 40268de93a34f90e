import type { Steps } from '../../steps/step.ts';
import { BUS_OF, type Driver, is_driver } from '../drivers/base/bus.ts';
import type { Kernel } from '../kernel.ts';
import type { State } from '../state.ts';
import { bus_devices } from './nd_sysfs.ts';
import { read_through } from './read_through.ts';

/** /sys/bus/BUS/drivers/DRIVER: devices that are bound, and the files that bind and unbind. */

function driver_at(path: string): readonly [Driver, string | undefined] | null {
  const [, bus, driver, file] = /^\/sys\/bus\/(\w+)\/drivers\/(\w+)(?:\/(\w+))?$/.exec(path) ?? [];
  return driver !== undefined && is_driver(driver) && BUS_OF[driver] === bus ? [driver, file] : null;
}

const files_of = (driver: Driver): readonly string[] =>
  BUS_OF[driver] === 'dax' ? ['bind', 'new_id', 'remove_id', 'unbind'] : ['bind', 'unbind'];

/** The names in a driver's directory; null if the path is no such directory. */
export function driver_directory(state: State, k: Kernel, path: string): readonly string[] | null {
  const [driver, file] = driver_at(path) ?? [];
  if (driver === undefined || file !== undefined) return null;
  const bound = bus_devices(state, BUS_OF[driver]).filter(
    (name) => read_through(state, k.$driver_of(name, driver)) === driver,
  );
  return [...files_of(driver), ...bound.sort()];
}

/** The write function of a driver's file; null if there is none. */
export function driver_store(path: string, text: string, k: Kernel): Steps<number> | null {
  const [driver, file] = driver_at(path) ?? [];
  if (driver === undefined) return null;
  if (file === 'bind') return k.bind_store(driver, text);
  if (file === 'unbind') return k.unbind_store(driver, text);
  if (driver !== 'device_dax' && driver !== 'kmem') return null;
  if (file === 'new_id') return k.new_id_store(driver, text);
  return file === 'remove_id' ? k.remove_id_store(driver, text) : null;
}
