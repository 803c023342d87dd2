/** Where one server lives: what was got for it, its own folder, and its ports on the loopback address. */
export interface Place {
  /** What `obtain` answered. */
  readonly home: string;
  /** Configuration, data and log. Nothing outside it is written. */
  readonly folder: string;
  readonly ports: Readonly<Record<string, number>>;
}

/** How its process is started. The command line must name `folder`: that is how the process is known again. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A real server that starts without Docker. */
export interface Service {
  readonly name: string;
  /** What is started, for `status`. */
  readonly version: string;
  /** Names of its ports; the first is the one that clients mean. */
  readonly ports: readonly string[];
  /**
   * Gets the server into the cache, once.
   *
   * @param cache A folder for everything that is fetched.
   * @returns where it is.
   * @throws {Error} whose message says what is missing and how to get it.
   */
  obtain(cache: string): Promise<string>;
  /** Writes the configuration. Called before each start; the data of an earlier one stay. */
  prepare(place: Place): Promise<Launch>;
  /** Whether it serves clients now. */
  isReady(place: Place): Promise<boolean>;
}
