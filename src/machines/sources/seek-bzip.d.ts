declare module 'seek-bzip' {
  interface Input {
    /** Reads up to `length` bytes into the buffer and returns how many, -1 at the end. */
    read(buffer: Uint8Array, offset: number, length: number): number;
    /** The next byte. */
    readByte(): number;
    eof(): boolean;
  }
  interface Output {
    writeByte(byte: number): void;
  }
  const Bunzip: {
    /** Decompresses everything; with `multistream`, streams that follow each other too. Throws on bad data. */
    decode(input: Input, output: Output, multistream?: boolean): void;
  };
  export default Bunzip;
}
