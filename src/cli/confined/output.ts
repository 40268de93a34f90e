/** The most letters of the output of one task. */
const MOST = 16_384;

/** What a design or a program prints in a task, up to a length. */
export class Output {
  readonly #send: (message: { readonly printed: string }) => void;
  #printed = 0;

  constructor(send: (message: { readonly printed: string }) => void) {
    this.#send = send;
  }

  print = (text: string): void => {
    if (this.#printed > MOST) return;
    const shown = text.slice(0, MOST - this.#printed);
    this.#printed += text.length + 1;
    this.#send({ printed: this.#printed > MOST ? `${shown}\n… more than ${MOST} characters\n` : shown });
  };

  /** A new task begins. */
  restart(): void {
    this.#printed = 0;
  }
}
