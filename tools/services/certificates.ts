import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./command.ts";

/** PEM files of one authority and what it signed. */
export interface Certificates {
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** Certificates for `localhost` and 127.0.0.1, and for a client called `millrace`; made once in a folder, good for ten years. */
export async function certificates(folder: string): Promise<Certificates> {
  const made = join(folder, "tls");
  if (!existsSync(made)) {
    const part = `${made}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    await authority(part);
    await signed(part, "server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    await signed(part, "client", "extendedKeyUsage=clientAuth");
    await rename(part, made);
  }
  const path = (name: string) => join(made, name);
  return {
    ca: path("ca.pem"),
    serverCert: path("server.pem"),
    serverKey: path("server-key.pem"),
    clientCert: path("client.pem"),
    clientKey: path("client-key.pem"),
  };
}

/** One file with key and certificate, as Kafka wants its key store. */
export async function keyStore({ serverKey, serverCert }: Certificates): Promise<string> {
  const path = join(serverKey, "..", "server-store.pem");
  await writeFile(path, (await readFile(serverKey, "utf8")) + (await readFile(serverCert, "utf8")), { mode: 0o600 });
  return path;
}

const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function authority(folder: string): Promise<void> {
  const out = ["-keyout", join(folder, "ca-key.pem"), "-out", join(folder, "ca.pem")];
  await openssl(["req", "-x509", ...ec, "-days", "3650", "-subj", "/CN=millrace test authority", ...out]);
}

async function signed(folder: string, name: string, extension: string): Promise<void> {
  const request = join(folder, `${name}.csr`);
  const extensions = join(folder, `${name}.ext`);
  await writeFile(extensions, extension);
  const subject = name === "server" ? "/CN=localhost" : "/CN=millrace";
  await openssl(["req", ...ec, "-subj", subject, "-keyout", join(folder, `${name}-key.pem`), "-out", request]);
  const authority = ["-CA", join(folder, "ca.pem"), "-CAkey", join(folder, "ca-key.pem"), "-CAcreateserial"];
  const out = ["-out", join(folder, `${name}.pem`), "-extfile", extensions];
  await openssl(["x509", "-req", "-in", request, "-days", "3650", ...authority, ...out]);
}

const openssl = (args: readonly string[]) => mustRun("make certificates", "openssl", args);
