/** A number for each of some series, found by their index. */
export class SeriesNumbers {
  readonly #series: Uint32Array;
  readonly #numbers: Float64Array;
  /** Made when somebody looks for the first time: most are never looked at. */
  #places: Map<number, number> | undefined;

  constructor(series: Uint32Array, numbers: Float64Array) {
    this.#series = series;
    this.#numbers = numbers;
  }

  get(series: number): number | undefined {
    this.#places ??= new Map(Array.from(this.#series, (one, place) => [one, place]));
    const place = this.#places.get(series);
    return place === undefined ? undefined : this.#numbers[place];
  }
}
