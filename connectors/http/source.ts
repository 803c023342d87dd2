import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import { type ComponentContext, defineSource } from "../../blocks/model/component.ts";
import { type DecodedBody, decodeJsonMessages } from "../../blocks/model/json-message.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { decodeProtobufMessage } from "../../blocks/model/protobuf-message.ts";
import type { SeriesTable } from "../../blocks/model/series.ts";
import { byteSize, duration, integer, port, record, type SettingsOf, text } from "../../config/declare.ts";
import { EngineError } from "../../runtime/errors.ts";
import { Source } from "../../runtime/streams/source.ts";
import type { ByteShare } from "./byte-budget.ts";
import { HttpFault } from "./http-fault.ts";
import { Inbox } from "./inbox.ts";
import { type Answer, listen, type MessageServer } from "./server.ts";

const settings = record({
  host: text("Address or name to listen on; only this machine can reach the default.", { default: "127.0.0.1" }),
  port: port("TCP port to listen on; 0 takes any free one.", { default: 8081 }),
  max_body: byteSize("Largest body, as sent and when inflated; beyond it 413.", { default: "16 MiB" }),
  max_waiting: integer("Requests whose data are not at rest yet; beyond it 503.", { min: 1, default: 1_000 }),
  max_waiting_bytes: byteSize("Bodies of all those requests together; beyond it 503. At least max_body.", {
    default: "64 MiB",
  }),
  response_timeout: duration("Longest wait of a sender for its data to be at rest; then 503.", {
    default: "10 seconds",
  }),
  max_ttr: duration("Accepted as in TSorage; a server has nothing to connect to.", { default: "15 seconds" }),
});

type HttpSettings = SettingsOf<typeof settings>;

/** Connections beyond those that wait, so that a sender that finds no room can be told so. */
const spareConnections = 100;
/** More would tell a sender nothing new. */
const rejectionsListedMax = 100;
/** Most requests bring a few data points. */
const rowsAtStart = 16;

/**
 * Accepts messages POSTed to `/api/v1/series`: one, an array of them, or one after the other on lines of their own; with the
 * content type `application/x-protobuf`, one `MessagePB`.
 *
 * Emits:         the chunks of each request, under one receipt.
 * Backpressures: answers 503 while `max_waiting` requests or `max_waiting_bytes` wait; the connections wait beyond that.
 * Completes:     never by itself.
 * Cancels:       stops listening and answers those who wait with 503.
 * State:         the bodies and chunks of the requests that wait.
 * Delivery:      200 once everything of the request is at rest; 503 where that failed, took too long or was interrupted, and the
 *                sender repeats. A bad message is answered 400 with its place, after the good ones of its request are at rest.
 */
async function open(
  given: HttpSettings,
  { clock, log, table }: ComponentContext,
): Promise<Source<ObservationChunk, { readonly port: number }>> {
  const start = async () => {
    const inbox = new Inbox({ waitingMax: given.max_waiting, responseTimeoutMs: given.response_timeout }, clock);
    const limits = {
      bodyBytesMax: given.max_body,
      waitingBytesMax: Math.max(given.max_waiting_bytes, given.max_body),
      connectionsMax: given.max_waiting + spareConnections,
      responseTimeoutMs: given.response_timeout,
    };
    const intake = {
      checkRoom: () => inbox.checkRoom(),
      accept: (body: string | Uint8Array, share: ByteShare) => accept(body, share, table, inbox),
    };
    const server = await listen(given, limits, intake, clock);
    log.info("Listens for messages", { host: server.host, port: server.port });
    return { inbox, server };
  };
  // A port that is taken is a fault of `open`; a second run of the stream listens anew.
  const first = await start();
  let ready: Started | undefined = first;
  const requests: AsyncIterable<ObservationChunk> = {
    [Symbol.asyncIterator]: () => {
      const started = ready === undefined ? start() : Promise.resolve(ready);
      ready = undefined;
      // A failure to listen is heard at the first element.
      started.catch(() => {});
      return {
        next: async () => (await started).inbox.next(),
        // Not a generator: one that waits for its next element cannot be ended before that comes.
        return: async () => {
          const { inbox, server } = await started;
          inbox.close();
          await server.close();
          return { done: true, value: undefined };
        },
      };
    },
  };
  return Source.from(requests).mapMaterializedValue(() => ({ port: first.server.port }));
}

interface Started {
  readonly inbox: Inbox;
  readonly server: MessageServer;
}

async function accept(body: string | Uint8Array, share: ByteShare, table: SeriesTable, inbox: Inbox): Promise<Answer> {
  const builder = new ChunkBuilder(table, rowsAtStart);
  let decoded: DecodedBody;
  try {
    decoded = typeof body === "string" ? decodeText(body, builder) : decodeBinary(body, builder);
    inbox.checkRoom();
  } catch (fault) {
    share.giveBack();
    throw fault;
  }
  if (builder.rows === 0) {
    share.giveBack();
    return answerTo(decoded, 0);
  }
  const { deadLettered } = await inbox.submit(builder.rows, (receipt) => builder.build(receipt), share.giveBack);
  return answerTo(decoded, deadLettered.get("SERIES_LIMIT") ?? 0);
}

function decodeText(body: string, into: ChunkBuilder): DecodedBody {
  if (body.trim() === "") throw new HttpFault(400, "Cannot read the messages as the body is empty");
  return decodeJsonMessages(body, into, { table: into.table });
}

/** A Protobuf message has no lines; its reason tells the byte. */
function decodeBinary(body: Uint8Array, into: ChunkBuilder): DecodedBody {
  try {
    decodeProtobufMessage(body, into, { table: into.table });
    return { received: 1, rejected: [] };
  } catch (fault) {
    if (!(fault instanceof EngineError)) throw fault;
    const place = { index: 0, line: 1, column: 1, path: "" };
    return { received: 1, rejected: [{ ...place, code: fault.code, reason: fault.message }] };
  }
}

/** @param homeless Data points of new series that a buffer or a store had no place for. */
function answerTo({ received, rejected }: DecodedBody, homeless: number): Answer {
  if (rejected.length === 0 && homeless === 0) {
    return { status: 200, body: { status: "ok", msg: `Total messages received: ${received}` } };
  }
  const rejections = {
    received: received - rejected.length,
    rejected_count: rejected.length,
    rejected: rejected.slice(0, rejectionsListedMax),
  };
  const msg = refusal(received, rejected.length, homeless);
  return {
    status: 400,
    body: { status: "error", msg, ...rejections, ...(homeless > 0 && { dead_letters: { SERIES_LIMIT: homeless } }) },
  };
}

function refusal(received: number, rejected: number, homeless: number): string {
  const noPlace = `store ${homeless} of the data points as no more series are held (series_max): they are dead letters`;
  if (rejected === 0) return `Cannot ${noPlace}`;
  if (rejected === received) return "Cannot accept any message of the request: nothing is stored";
  const others = homeless > 0 ? `, nor ${noPlace}` : ": the other ones are stored";
  return `Cannot accept ${rejected} of ${received} messages${others}`;
}

export const httpSource = defineSource({
  type: "flow/http/json",
  summary: "Accepts JSON messages over HTTP (and Protobuf ones), and confirms them once they are at rest.",
  delivery: "at-least-once",
  finite: () => false,
  settings,
  feed: ({ host, port }) =>
    `curl -H 'Content-Type: application/json' http://${host}:${port}/api/v1/series -d '{"metric":"my-sensor","type":"tdouble","values":[["2020-01-02T03:04:05",42.1]]}'`,
  open,
});
