/**
 * Every code an error of the engine can carry, with what it means. A closed list: each has a section in `docs/errors.md`,
 * and a test keeps the two equal.
 */
export const errorCodes = {
  // graph files
  YAML_INVALID: "The text is not YAML that the engine reads.",
  SETTING_UNKNOWN: "A key that no component or section knows.",
  SETTING_MISSING: "A mandatory key is absent.",
  SETTING_INVALID: "A value breaks the rule of its key.",
  SETTING_DUPLICATE: "A key or a name stands twice.",
  COMPONENT_UNKNOWN: "No component of this section has that type.",
  VARIABLE_MISSING: "The environment has no such variable, and the file gives no default.",
  INCLUDE_INVALID: "A file to include cannot be read or merged.",
  WIRING_INVALID: "A `from`, a `store` or an outlet names something that is not there or does not fit.",
  CYCLE_UNBOUNDED: "A cycle has no node that discards, limits or buffers.",
  PLUGIN_INVALID: "A plugin cannot be loaded, or exports something that is no component.",
  // data
  MESSAGE_INVALID: "A message breaks the schema of messages.",
  VALUE_INVALID: "A value does not fit the type of its series.",
  TIMESTAMP_INVALID: "A timestamp cannot be read, or lies outside the years 1 to 9999.",
  SELECTOR_INVALID: "A series selector or a filter of tags cannot be read.",
  DERIVATION_FAILED: "A derivation of a plugin threw.",
  DERIVATOR_FAILED: "A derivator of a plugin threw, or took too long.",
  SERIES_LIMIT: "The graph holds as many series as its settings allow.",
  SIZE_LIMIT: "An input is larger than its limit.",
  // running
  BUFFER_FULL: "A buffer is at its limit.",
  MAILBOX_FULL: "An actor's mailbox is at its limit.",
  ASK_TIMEOUT: "An actor did not answer in time.",
  ACTOR_STOPPED: "The actor has stopped.",
  STREAM_STOPPED: "The stream was stopped before it completed.",
  STREAM_TIMEOUT: "A stream was slower than a timeout of it allows.",
  RATE_LIMIT: "Elements came faster than a stream allows.",
  STAGE_FAILED: "A stage broke the protocol of its ports, or threw.",
  WORKER_FAILED: "A worker thread ended, or a task in it threw or took too long.",
  STORE_FAILED: "A store did not do what it was asked.",
  FOLDER_IN_USE: "Another engine owns the folder.",
  FORMAT_UNSUPPORTED: "Stored data was written by a format that this version does not read.",
  PATH_UNREADABLE: "A file or folder cannot be read or written.",
  ADDRESS_IN_USE: "Another process listens on the port.",
  CONNECTION_FAILED: "An outside system cannot be reached.",
  AUDIT_UNBALANCED: "The books do not balance.",
  USAGE_INVALID: "The command was called with arguments that it does not take.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Where a fault is: a place in a file, a node of the graph, or both. Lines and columns from 1. */
export interface Where {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly node?: string;
}

export interface EngineErrorOptions {
  readonly where?: Where;
  /** Whether the same call may succeed later without a change by anyone. Default `false`. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/**
 * A fault of the world: data first (`code`, `where`, `retryable`, `cause`), then one sentence,
 * "Cannot <action> as <rule>: it is <value>". A bug is not one of these: it is an `assert`.
 */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: ErrorCode;
  readonly where: Where;
  readonly retryable: boolean;

  constructor(code: ErrorCode, sentence: string, options: EngineErrorOptions = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.where = options.where ?? {};
    this.retryable = options.retryable ?? false;
  }
}

/** The sentence of anything that was thrown, without a stack. */
export function sentenceOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
