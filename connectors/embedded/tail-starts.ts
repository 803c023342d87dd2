/** Beyond it everything is forgotten; some 50 bytes each. */
const tracksMax = 1_000_000;

/**
 * Where the last chunk of each track starts, as far as the owner of the folder remembers: a chunk at a known key is read in a
 * fraction of the time that looking for the last one takes. A start may be of a chunk whose commit failed, so who uses it
 * looks whether there is one; a later chunk than the remembered one never is.
 */
export class TailStarts {
  readonly #starts = new Map<number, number>();

  get(series: number, level: number): number | undefined {
    return this.#starts.get(series * levels + level);
  }

  set(series: number, level: number, start: number): void {
    if (this.#starts.size >= tracksMax) this.#starts.clear();
    this.#starts.set(series * levels + level, start);
  }

  forget(series: number, level: number): void {
    this.#starts.delete(series * levels + level);
  }

  /** Seldom: it looks at everything that is remembered. */
  forgetSeries(series: number): void {
    for (const track of this.#starts.keys()) if (Math.floor(track / levels) === series) this.#starts.delete(track);
  }
}

/** A level is a u16 in keys. */
const levels = 0x1_0000;
