/** Reads Kafka's primitive types, one after another. Lengths of "compact" ones are one more than they say; zero stands for null. */
export class WireReader {
  #at = 0;

  constructor(private readonly buffer: Buffer) {}

  get left(): number {
    return this.buffer.length - this.#at;
  }

  int8(): number {
    return this.buffer.readInt8(this.#move(1));
  }

  int16(): number {
    return this.buffer.readInt16BE(this.#move(2));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.#move(4));
  }

  int64(): bigint {
    return this.buffer.readBigInt64BE(this.#move(8));
  }

  uvarint(): number {
    let result = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.buffer[this.#at++];
      if (byte === undefined) throw new RangeError('a varint goes past the end');
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
    }
  }

  /** Zigzag, exact up to 2^53: lengths, and differences of offsets and instants. */
  varint(): number {
    const coded = this.uvarint();
    return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2;
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    const from = this.#move(length);
    return this.buffer.subarray(from, from + length);
  }

  /** With a zigzag length before it; -1 is null. */
  varintBytes(): Buffer | null {
    const length = this.varint();
    return length < 0 ? null : this.bytes(length);
  }

  compactBytes(): Buffer {
    return this.bytes(Math.max(this.uvarint() - 1, 0));
  }

  string(): string {
    return this.compactBytes().toString();
  }

  array<T>(read: () => T): T[] {
    const length = Math.max(this.uvarint() - 1, 0);
    return Array.from({ length }, read);
  }

  skipTags(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint();
      this.bytes(this.uvarint());
    }
  }

  #move(length: number): number {
    const from = this.#at;
    if (from + length > this.buffer.length) throw new RangeError(`${length} bytes are wanted, ${this.left} are left`);
    this.#at += length;
    return from;
  }
}
