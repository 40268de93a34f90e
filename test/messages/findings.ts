/**
 * The texts of a BUG that are the model's own. What a kernel without a sanitizer goes through unharmed or crashes of with
 * other words, the model tells as what it is; and the end of an access to what is not mapped has a text for the whole, beside
 * the lines that the kernel prints before.
 */
const FINDINGS: readonly { readonly text: RegExp; readonly why: string }[] = [
  {
    text: /^mem_section\[\d+\] is read, and mem_section\[\] has \d+ entries$/,
    why: 'a read past the end of an array',
  },
  { text: /^read of the usage of section \d+, which is free$/, why: 'a use after free' },
  { text: /^\S+ does not exist$/, why: 'an access to an object that does not exist' },
  { text: /^Oops: /, why: 'the text for all lines of an oops' },
  {
    text: /^kernel NULL pointer dereference|^unable to handle page fault for address: |^(?:BUG: )?[Uu]nable to handle kernel /,
    why: 'the text for all lines of an oops',
  },
];

/** Why a text is the model's own; null if it is not. */
export const findingOf = (text: string): string | null =>
  FINDINGS.find((finding) => finding.text.test(text))?.why ?? null;
