import { z } from "zod";
import { literal, path, record, secret, text, variant } from "./declare.ts";

/** How to prove to an outside system who we are. `login` is there whenever `user` was given. */
export type SecurityPolicy = z.output<ReturnType<typeof securityPolicy>>;

const password = record({
  type: literal("password"),
  login: text("Name of the account.", { optional: true }),
  user: text("The same as `login`; give one of the two.", { optional: true }),
  password: secret("Password of the account."),
}).transform(({ type, login, user, password }, context) => {
  const name = login ?? user;
  if (name !== undefined && (login === undefined || user === undefined)) return { type, login: name, password };
  context.issues.push(
    name === undefined
      ? { code: "custom", path: ["login"], message: "it must name the account", input: login }
      : { code: "custom", path: ["user"], message: "it must not be given besides login", input: user },
  );
  return z.NEVER;
});

const tls = record({
  type: literal("tls"),
  ca: path("PEM file of the authorities to trust; those of the system unless told.", { optional: true }),
  cert: path("PEM file of our own certificate, for mutual TLS.", { optional: true }),
  key: path("PEM file of the key of our own certificate.", { optional: true }),
  login: text("Name of the account, where the system wants one besides TLS.", { optional: true }),
  password: secret("Password of the account.", { optional: true }),
}).superRefine(({ cert, key, login, password }, context) => {
  if (cert !== undefined && key === undefined) missing("key", "it must be given with cert");
  if (key !== undefined && cert === undefined) missing("cert", "it must be given with key");
  if (login !== undefined && password === undefined) missing("password", "it must be given with login");
  if (password !== undefined && login === undefined) missing("login", "it must be given with password");

  function missing(name: string, message: string): void {
    context.addIssue({ code: "custom", path: [name], message });
  }
});

/** `{ type: anonymous }` (unless told), `{ type: password, login, password }` or `{ type: tls, ca, cert, key, login, password }`. */
export function securityPolicy() {
  return variant("How to prove who we are.", [record({ type: literal("anonymous") }), password, tls]).prefault({
    type: "anonymous",
  });
}
