/** A request that is refused, with the status to say so. */
export class HttpFault extends Error {
  readonly status: number;

  constructor(status: number, sentence: string, options: { cause?: unknown } = {}) {
    super(sentence, options);
    this.status = status;
  }
}
