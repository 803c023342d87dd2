import { styleText } from "node:util";
import { pino } from "pino";
import type { Log, LogFields } from "../runtime/log.ts";

export type LogFormat = "text" | "json";

/** The log of the command, on stderr: one line an event, for people or as JSON. */
export function commandLog(format: LogFormat, level: string): Log {
  const destination = format === "json" ? pino.destination({ dest: 2, sync: true }) : { write: writeText };
  return adapted(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination));
}

function adapted(logger: pino.Logger): Log {
  return {
    debug: (sentence, fields) => logger.debug(fields ?? {}, sentence),
    info: (sentence, fields) => logger.info(fields ?? {}, sentence),
    warn: (sentence, fields) => logger.warn(fields ?? {}, sentence),
    error: (sentence, fields) => logger.error(fields ?? {}, sentence),
    child: (fields: LogFields) => adapted(logger.child(fields)),
  };
}

const names: Readonly<Record<number, string>> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };
const styles = { debug: "dim", info: "cyan", warn: "yellow", error: "red" } as const;

function writeText(line: string): void {
  const { level, time, msg, ...fields } = JSON.parse(line) as { level: number; time: string; msg: string };
  const name = (names[level] ?? "error") as keyof typeof styles;
  const shown = process.stderr.isTTY ? styleText(styles[name], name) : name;
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  process.stderr.write(`${time.slice(11, 19)} ${shown} ${msg}${rest.join("")}\n`);
}
