/** A number for each of some series, found by their index. */
export class SeriesNumbers {
  readonly #series: Uint32Array;
  readonly #numbers: Float64Array;
  #length = 0;
  /** Made when somebody looks for the first time: most are never looked at. */
  #places: Map<number, number> | undefined;

  constructor(count: number) {
    this.#series = new Uint32Array(count);
    this.#numbers = new Float64Array(count);
  }

  /** At most as often as there is room for; before the first `get`. */
  push(series: number, number: number): void {
    this.#series[this.#length] = series;
    this.#numbers[this.#length] = number;
    this.#length += 1;
  }

  get(series: number): number | undefined {
    this.#places ??= new Map(Array.from(this.#series, (one, place) => [one, place]));
    const place = this.#places.get(series);
    return place === undefined ? undefined : this.#numbers[place];
  }
}
