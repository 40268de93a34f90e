import { type CxlMemory, parseCxlJson } from './cxl-json.ts';
import { type PrintedDax, parseDaxctlJson } from './daxctl-json.ts';
import { type Fields, jsonValues, objectsIn } from './json-objects.ts';
import { type PrintedNvdimm, parseNdctlJson } from './ndctl-json.ts';

/** What `cxl list`, `daxctl list` and `ndctl list` print of a machine; each may have objects of the others. */

export interface PrintedDevices {
  readonly cxl: CxlMemory;
  readonly nvdimm: PrintedNvdimm;
  readonly dax: readonly PrintedDax[];
}

/** Keys that name an object in their output. */
const NAMES: Readonly<Record<string, RegExp>> = {
  decoder: /^decoder\d+\.\d+$/,
  region: /^region\d+$/,
  memdev: /^mem\d+$/,
  bus: /^root\d+$/,
  port: /^(port|root)\d+$/,
  endpoint: /^endpoint\d+$/,
  chardev: /^dax\d+\.\d+$/,
  dev: /^(region|namespace|nmem|dax|ndbus)\d/,
  provider: /^(ACPI\.|nfit_test|e820)/,
};

/** A region of daxctl: {"path": "/platform/…", "id": 0}. */
const isDaxRegion = ({ path, id }: Fields): boolean => typeof path === 'string' && typeof id === 'number';

const named = (object: Fields): boolean =>
  isDaxRegion(object) ||
  Object.entries(NAMES).some(([key, is]) => typeof object[key] === 'string' && is.test(object[key]));

/** Whether a text is what `cxl list`, `daxctl list` or `ndctl list` prints, one or more times. */
export const isDeviceJson = (text: string): boolean =>
  /^\s*[[{]/m.test(text) && jsonValues(text).some((value) => [...objectsIn(value)].some(named));

/** All that the texts print. */
export function parseDevices(texts: readonly string[]): PrintedDevices {
  const value = texts.flatMap(jsonValues);
  return { cxl: parseCxlJson(value), nvdimm: parseNdctlJson(value), dax: parseDaxctlJson(value) };
}
