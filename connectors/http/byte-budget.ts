import { HttpFault } from "./http-fault.ts";

/** Bytes of all requests together that are being read or wait for durability. At the maximum a request is answered 503. */
export class ByteBudget {
  readonly #bytesMax: number;
  #taken = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get taken(): number {
    return this.#taken;
  }

  /** The part of one request. */
  share(): ByteShare {
    let own = 0;
    return {
      take: (bytes) => {
        if (this.#taken + bytes > this.#bytesMax) {
          throw new HttpFault(
            503,
            `Cannot accept the body as all waiting ones may hold ${this.#bytesMax} bytes together`,
          );
        }
        this.#taken += bytes;
        own += bytes;
      },
      giveBack: () => {
        this.#taken -= own;
        own = 0;
      },
    };
  }
}

export interface ByteShare {
  /** @throws {HttpFault} 503 when the budget is used up. */
  take(bytes: number): void;
  /** Everything that was taken; a second call does nothing. */
  giveBack(): void;
}
