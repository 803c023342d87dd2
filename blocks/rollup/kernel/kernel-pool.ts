import { FoldKernel } from "./fold-kernel.ts";

/**
 * Kernels that take turns: one takes the rows that come while others have those that are on their way to the store. They are kept, as
 * fresh memory costs more than the work in it; each stays as large as its largest batch.
 */
export class KernelPool {
  readonly #idle: FoldKernel[] = [];
  #lacks = false;

  /** A kernel without rows; undefined where this process can have none, then or ever. */
  take(): FoldKernel | undefined {
    if (this.#lacks) return undefined;
    // The last one, as its memory is the likeliest to be in the cache.
    const kernel = this.#idle.pop() ?? FoldKernel.open();
    this.#lacks = kernel === undefined;
    return kernel;
  }

  /** Takes back a kernel whose columns nothing reads any more. */
  give(kernel: FoldKernel): void {
    if (this.#idle.length < idleMax) this.#idle.push(kernel);
  }
}

/** For all graphs of this thread: few of them record at the same moment. */
export const sharedKernels = new KernelPool();

/** So many are kept for the next who wants one: as many as two graphs take turns with. */
const idleMax = 4;
