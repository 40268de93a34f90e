/** A machine that no kernel of the release could have booted on; the message says why in one line. */
export class ImpossibleMachine extends Error {
  override readonly name = 'ImpossibleMachine';
}
