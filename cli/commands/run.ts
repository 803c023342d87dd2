import { Engine } from "../../graphs/engine.ts";
import { startHub } from "../../hub/server.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { openDeadLetters } from "../dead-letters.ts";
import { Failure, exitCodes } from "../exit.ts";
import { readOverride, soundGraph } from "../loaded-graph.ts";
import { commandLog, type LogFormat } from "../log.ts";
import { introduction } from "../output/introduction.ts";
import { StatusLine } from "../output/status-line.ts";

export interface RunOptions {
  readonly untilIdle?: boolean;
  readonly set?: string[];
  readonly logFormat: LogFormat;
  readonly logLevel: string;
  readonly quiet?: boolean;
}

/**
 * Runs a graph until a signal, or until it is idle. The first SIGINT or SIGTERM stops it in order, within `stop_timeout`; the
 * second ends it at once, and what durable buffers hold is read again by the next run.
 */
export async function run(file: string, options: RunOptions): Promise<void> {
  const { plan, catalogue } = await soundGraph(file, (options.set ?? []).map(readOverride));
  const log = commandLog(options.logFormat, options.logLevel);
  const engine = await Engine.start(plan, { catalogue, clock: systemClock, log, deadLetters: openDeadLetters });
  const hub = await startHub(engine, catalogue).catch(async (error: unknown) => {
    await engine.abort();
    throw error;
  });
  if (options.quiet !== true) process.stderr.write(introduction(plan, file, hub.url));
  const status = new StatusLine(engine, process.stderr, options.quiet !== true);
  const interrupted = onSignals(engine);
  try {
    await Promise.race([options.untilIdle === true ? engine.untilIdle() : interrupted.first, interrupted.second]);
    await Promise.race([engine.stop(), interrupted.second]);
  } finally {
    status.end();
    interrupted.off();
    await hub.close();
  }
}

interface Signals {
  /** Resolves at the first signal, once the engine has stopped in order. */
  readonly first: Promise<void>;
  /** Rejects at the second, once it was ended. */
  readonly second: Promise<never>;
  off(): void;
}

function onSignals(engine: Engine): Signals {
  let count = 0;
  let stopped: (value: Promise<void>) => void = () => {};
  let ended: (error: Failure) => void = () => {};
  const first = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const second = new Promise<never>((_resolve, reject) => {
    ended = reject;
  });
  const handle = (signal: NodeJS.Signals) => {
    count += 1;
    if (count === 1) stopped(engine.stop());
    else
      ended(
        new Failure(
          exitCodes.wrong,
          `Ended at once by a second ${signal}: what durable buffers hold is read again by the next run`,
        ),
      );
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  // A failure in `untilIdle` must not be drowned by a signal that never came.
  second.catch(() => {});
  return {
    first,
    second,
    off: () => {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}
