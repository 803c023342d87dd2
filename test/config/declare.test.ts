import assert from "node:assert/strict";
import { expectTypeOf, test } from "vitest";
import {
  aggregators,
  byteSize,
  choice,
  decimal,
  dictionary,
  duration,
  flag,
  integer,
  list,
  literal,
  path,
  port,
  record,
  type SettingsOf,
  secret,
  tagset,
  text,
  variant,
} from "../../config/declare.ts";
import { type SecurityPolicy, securityPolicy } from "../../config/security-policy.ts";

test("a declaration gives the type of the settings", () => {
  const settings = record({
    host: text("Host."),
    name: text("Name.", { optional: true }),
    port: port("Port.", { default: 1 }),
    interval: duration("Interval.", { default: "1 second" }),
    mode: choice("Mode.", ["fast", "slow"], { default: "fast" }),
    nodes: list("Nodes.", record({ host: text("Host.") })),
    tagset: tagset(),
  });

  expectTypeOf<SettingsOf<typeof settings>>().toEqualTypeOf<{
    host: string;
    name?: string | undefined;
    port: number;
    interval: number;
    mode: "fast" | "slow";
    nodes: { host: string }[];
    tagset: Record<string, string>;
  }>();
  assert.deepEqual(settings.parse({ host: "h", nodes: [] }), {
    host: "h",
    port: 1,
    interval: 1_000,
    mode: "fast",
    nodes: [],
    tagset: {},
  });
});

test("bounds hold from both sides", () => {
  const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
    schema.safeParse(value).success;

  assert.deepEqual(
    [-1, 0, 65_535, 65_536, 1.5, "1"].map((value) => accepts(port("P."), value)),
    [false, true, true, false, false, false],
  );
  assert.deepEqual(
    [1, 2, 3, 4].map((value) => accepts(integer("I.", { min: 2, max: 3 }), value)),
    [false, true, true, false],
  );
  assert.deepEqual(
    [0.4, 0.5, Number.NaN, Infinity].map((value) => accepts(decimal("D.", { min: 0.5 }), value)),
    [false, true, false, false],
  );
  assert.deepEqual(
    ["", "a", "ab", "abc"].map((value) => accepts(text("T.", { lengthMax: 2 }), value)),
    [false, true, true, false],
  );
  assert.deepEqual(
    ["a", "b"].map((value) => accepts(text("T.", { pattern: /^a$/ }), value)),
    [true, false],
  );
  assert.deepEqual(
    [[], ["a"], ["a", "b"]].map((value) => accepts(list("L.", text("T."), { min: 1, max: 1 }), value)),
    [false, true, false],
  );
  assert.deepEqual(
    ["9 ms", "10 ms", 10].map((value) => accepts(duration("D.", { min: "10 ms" }), value)),
    [false, true, false],
  );
  assert.deepEqual(
    [true, "yes"].map((value) => accepts(flag("F."), value)),
    [true, false],
  );
  assert.deepEqual(
    [{ a: 1 }, { a: "1" }].map((value) => accepts(dictionary("D.", integer("I.")), value)),
    [true, false],
  );
  assert.deepEqual(
    [{ a: "1" }, { a: 1 }].map((value) => accepts(tagset(), value)),
    [true, false],
  );
  assert.deepEqual(
    [{}, { a: 1 }].map((value) => accepts(record({}), value)),
    [true, false],
  );
  assert.deepEqual(
    ["", "./x"].map((value) => accepts(path("P."), value)),
    [false, true],
  );
});

test("a size becomes bytes", () => {
  assert.equal(byteSize("Size.").parse("64 MiB"), 67_108_864);
  assert.equal(byteSize("Size.", { default: "1.5 kB" }).parse(undefined), 1_500);
  for (const size of ["64", "0 B", "1 mib", "-1 B", 64, "9007199254740992 B"]) {
    assert.equal(byteSize("Size.").safeParse(size).success, false, String(size));
  }
});

test("aggregators are checked against each other, and a fault points at its item", () => {
  assert.deepEqual(aggregators().parse(undefined), ["1m", "1h", "1d", "1mo"]);
  assert.deepEqual(
    aggregators()
      .safeParse(["7m", "1h"])
      .error?.issues.map((issue) => issue.path),
    [[1]],
  );
  assert.deepEqual(aggregators().parse([]), []);
});

test("a default that breaks its own rule is refused like any value", () => {
  assert.equal(duration("D.", { default: "soon" }).safeParse(undefined).success, false);
});

test("a variant is told apart by its type", () => {
  const shape = variant("Shape.", [
    record({ type: literal("dot") }),
    record({ type: literal("disc"), radius: decimal("R.") }),
  ]);

  expectTypeOf<SettingsOf<typeof shape>>().toEqualTypeOf<{ type: "dot" } | { type: "disc"; radius: number }>();
  assert.deepEqual(shape.parse({ type: "disc", radius: 2 }), { type: "disc", radius: 2 });
  assert.equal(shape.safeParse({ type: "dot", radius: 2 }).success, false);
});

test("a security policy is anonymous unless told", () => {
  assert.deepEqual(securityPolicy().parse(undefined), { type: "anonymous" });
});

test("user is accepted for login, and one of the two has to be given", () => {
  const login = (given: object) => {
    const policy: SecurityPolicy | undefined = securityPolicy().safeParse({
      type: "password",
      password: "p",
      ...given,
    }).data;
    return policy?.type === "password" ? policy.login : undefined;
  };

  assert.equal(login({ login: "ada" }), "ada");
  assert.equal(login({ user: "ada" }), "ada");
  assert.equal(login({}), undefined);
  assert.equal(login({ login: "ada", user: "ada" }), undefined);
});

test("the certificate of TLS comes with its key, and the login with its password", () => {
  const accepts = (given: object) => securityPolicy().safeParse({ type: "tls", ...given }).success;

  assert.equal(accepts({}), true);
  assert.equal(accepts({ ca: "ca.pem", cert: "c.pem", key: "k.pem", login: "ada", password: "p" }), true);
  assert.equal(accepts({ cert: "c.pem" }), false);
  assert.equal(accepts({ key: "k.pem" }), false);
  assert.equal(accepts({ login: "ada" }), false);
  assert.equal(accepts({ password: "p" }), false);
});

test("a secret is text, a file or a variable, and nothing else", () => {
  const accepts = (value: unknown) => secret("S.").safeParse(value).success;

  assert.deepEqual(["p", { file: "f" }, { env: "E" }, {}, { file: "f", env: "E" }, 5, ""].map(accepts), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
