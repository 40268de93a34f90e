/** Numbers and names of table levels are a geometry's own; nodes and CPUs are the machine's. */
const OWN = /\b(?:node ?|CPU )\d+|0x[0-9a-f]+|\b[0-9a-f]{16}\b|\d+|\b(?:PGD|P4D|PUD|PMD|PTE)\b/g;

const words = (text: string): string =>
  text.replace(OWN, (found) => (/^(?:node|CPU)/.test(found) ? found : '#'));

/** Whether a failure says the same in another geometry or on another release: all but addresses, counts and table levels. */
export const says_the_same = (said: string, text: string): boolean => words(said).includes(words(text));
