/** The kind of an unknown construct that the reader or the interpreter met; the run ends there and names it. */
export type StopKind =
  | 'syntax'
  | 'type'
  | 'opcode'
  | 'constant'
  | 'intrinsic'
  | 'external'
  | 'asm'
  | 'unwritten'
  | 'unmapped'
  | 'unreachable'
  | 'undefined';

/**
 * The run of a program in LLVM IR cannot continue. `name` is the construct, `at` its place: a function, or a line of
 * the text.
 */
export class IrStop extends Error {
  readonly kind: StopKind;
  readonly subject: string;
  readonly at: string;

  constructor(kind: StopKind, subject: string, at: string) {
    super(`${at}: ${WORDS[kind]} ${subject}`);
    this.name = 'IrStop';
    this.kind = kind;
    this.subject = subject;
    this.at = at;
  }
}

const WORDS: Readonly<Record<StopKind, string>> = {
  syntax: 'cannot read',
  type: 'no support for values of type',
  opcode: 'no support for the instruction',
  constant: 'no support for the constant',
  intrinsic: 'no support for the intrinsic',
  external: 'calls a function that has no body here:',
  asm: 'no support for the inline assembly',
  unwritten: 'reads memory that nobody has written:',
  unmapped: 'accesses an address that is not mapped:',
  unreachable: 'comes to an',
  undefined: 'uses an undefined value:',
};
