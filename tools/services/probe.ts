import { connect } from "node:net";

const answerTimeoutMs = 2000;

/**
 * Says something to a port of this machine and looks at the answer.
 *
 * @param isAnswer Gets all bytes that came so far.
 * @returns whether the answer came, within two seconds.
 */
export function probe(port: number, greeting: Uint8Array, isAnswer: (bytes: Buffer) => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const socket = connect({ host: "127.0.0.1", port });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(answerTimeoutMs, () => end(false));
    socket.on("error", () => end(false));
    socket.on("close", () => end(false));
    socket.on("connect", () => socket.write(greeting));
    socket.on("data", (data: Buffer) => {
      bytes = Buffer.concat([bytes, data]);
      if (isAnswer(bytes)) end(true);
    });
  });
}
