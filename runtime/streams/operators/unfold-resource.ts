import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";

/**
 * Reads a resource that is opened and closed with the stream.
 *
 * Emits:         what `read(resource)` gives, until it gives undefined.
 * Backpressures: `read` is called only on demand.
 * Completes:     when `read` gives undefined.
 * Cancels:       it has no upstream.
 * State:         the resource: `create` is called once when the stream begins, `close` once however it ends.
 * Delivery:      one out for one call; fails where `create`, `read` or `close` throws. Where `create` throws nothing is closed.
 */
export function unfoldResource<R, T>(
  create: () => R,
  read: (resource: R) => T | undefined,
  close: (resource: R) => void,
): GraphStage<SourceShape<T>> {
  return sourceStage<T>("unfoldResource", (shape) => new UnfoldResourceLogic(shape, create, read, close));
}

class UnfoldResourceLogic<R, T> extends SourceLogic<T> {
  readonly #create: () => R;
  readonly #read: (resource: R) => T | undefined;
  readonly #close: (resource: R) => void;
  #open: { readonly resource: R } | undefined;

  constructor(
    shape: SourceShape<T>,
    create: () => R,
    read: (resource: R) => T | undefined,
    close: (resource: R) => void,
  ) {
    super(shape);
    this.#create = create;
    this.#read = read;
    this.#close = close;
  }

  override preStart(): void {
    this.#open = { resource: this.#create() };
  }

  onPull(): void {
    if (this.#open === undefined) return;
    const element = this.#read(this.#open.resource);
    if (element !== undefined) {
      this.push(this.out, element);
      return;
    }
    // Before the end is told, so that a failure to close is too.
    this.#release();
    this.completeStage();
  }

  override postStop(): void {
    this.#release();
  }

  #release(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) this.#close(open.resource);
  }
}
