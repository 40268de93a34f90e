/** An access to memory by an instruction of a litmus test, of either architecture. */
export interface LitmusAccess {
  readonly op: 'load' | 'store';
  readonly place: string;
  /** For a load: the register that receives the value. */
  readonly reg: string | undefined;
  /** For a store: a register, or a value as the test writes it. */
  readonly value: string | undefined;
  /** The register on whose value the address depends. */
  readonly after: string | undefined;
  readonly label: string | undefined;
}

/** What an instruction accesses: a variable, or the entry of a page table that translates it. */
export const PLACE = String.raw`[a-z][\w+]*|(?:pgd|pud|pmd|pte)\([a-z][\w+]*(?: in [a-z]\w*)?\)`;
