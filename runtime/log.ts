/** What a log line carries besides its sentence. Values are printed as they are: never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** warn: recovered, nothing lost. error: someone must act. Never one line per message. */
export interface Log {
  debug(sentence: string, fields?: LogFields): void;
  info(sentence: string, fields?: LogFields): void;
  warn(sentence: string, fields?: LogFields): void;
  error(sentence: string, fields?: LogFields): void;
  /** The same log with `fields` on every line. */
  child(fields: LogFields): Log;
}

/** Says nothing: the default of embedded graphs and tests. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
