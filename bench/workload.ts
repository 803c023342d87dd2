import type { Checksum } from "./checksum.ts";

export interface WorkloadSize {
  /** Distinct observations. */
  readonly rows: number;
  readonly seed: number;
}

/** Of single elements, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** One timed run, prepared: nothing before `run` is on the clock. */
export interface PreparedRun {
  /** Elements that `run` takes in; what rates are counted in. */
  readonly elements: number;
  /** All the work is the main thread's own: the time for which other programs kept it from a processor is no part of the run. */
  readonly oneThread?: true;
  /** The timed part. */
  run(): Promise<void>;
  /** Reads the result back, after the clock stopped, and gives up what the run holds. */
  finish(): Promise<Checksum>;
  /** The most memory that was the process's own during the run, MB (2^20 bytes), where that is measured. */
  anonymousMb?(): number;
  /** How long elements were under way, where that is measured; after `finish`. */
  latency?(): Latency;
}

/** Someone who does the work of a workload: the engine, or a peer. */
export interface Participant {
  readonly name: string;
  /** Called once a process: makes the input, which every run shares. */
  open(size: WorkloadSize): Promise<{
    /** Called before each run, warm-ups included. */
    prepare(): Promise<PreparedRun>;
  }>;
}

/** One piece of work that the engine and its peers do side by side, with the same result. */
export interface Workload {
  readonly name: string;
  /** Distinct observations, unless told. */
  readonly rowsDefault: number;
  /** Runs of a process before the one that is timed; 2 unless told. */
  readonly warmUps?: number;
  /** What the subject's own memory is claimed to stay below, MB; told beside what it was. */
  readonly memoryMaxMb?: number;
  readonly subject: Participant;
  readonly peers: readonly Participant[];
  /** What else the two rates come to, by its key in the report. Rates are elements a second. */
  figures?(subjectRate: number, peerRate: number, peer: string): Readonly<Record<string, number>>;
}
