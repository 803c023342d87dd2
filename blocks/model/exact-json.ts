/** Where a text stops being JSON. */
export class JsonFault extends Error {
  override readonly name = "JsonFault";
  /** Offset of the offending character, in UTF-16 code units; the length of the text where it ends too early. */
  readonly offset: number;

  constructor(offset: number, sentence: string) {
    super(sentence);
    this.offset = offset;
  }
}

/** Deepest nesting of arrays and objects that `parseExactJson` follows. */
export const exactDepthMax = 512;

/**
 * `JSON.parse` (RFC 8259), slower, for the two things that it does not do: integers beyond ±(2^53 - 1) come as bigint with all
 * their digits, and a fault has its exact offset.
 *
 * @param rest Whether anything but white space may follow the value.
 * @throws {JsonFault} also where the nesting is deeper than `exactDepthMax`.
 */
export function parseExactJson(text: string, from = 0, rest: "refused" | "allowed" = "refused"): unknown {
  const parser = new ExactParser(text, from);
  const value = parser.value(0);
  if (rest === "refused") parser.end();
  return value;
}

class ExactParser {
  readonly #text: string;
  #at: number;

  constructor(text: string, from: number) {
    this.#text = text;
    this.#at = from;
  }

  value(depth: number): unknown {
    this.#skipSpace();
    const start = this.#text[this.#at];
    if (depth > exactDepthMax) throw this.#fault(`values must be nested at most ${exactDepthMax} levels deep`);
    if (start === "{") return this.#object(depth);
    if (start === "[") return this.#array(depth);
    if (start === '"') return this.#string();
    if (start === "t") return this.#word("true", true);
    if (start === "f") return this.#word("false", false);
    return start === "n" ? this.#word("null", null) : this.#number();
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#fault("nothing must follow the value");
  }

  #object(depth: number): unknown {
    const object: Record<string, unknown> = {};
    this.#at += 1;
    this.#skipSpace();
    if (this.#took("}")) return object;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') throw this.#fault("a key in quotes must stand here");
      const key = this.#string();
      this.#skipSpace();
      if (!this.#took(":")) throw this.#fault('":" must follow a key');
      const value = this.value(depth + 1);
      // Assigning to this one key would change the prototype.
      if (key === "__proto__") {
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      } else object[key] = value;
      this.#skipSpace();
    } while (this.#took(","));
    if (!this.#took("}")) throw this.#fault('"," or "}" must follow a value');
    return object;
  }

  #array(depth: number): unknown {
    const array: unknown[] = [];
    this.#at += 1;
    this.#skipSpace();
    if (this.#took("]")) return array;
    do {
      array.push(this.value(depth + 1));
      this.#skipSpace();
    } while (this.#took(","));
    if (!this.#took("]")) throw this.#fault('"," or "]" must follow a value');
    return array;
  }

  #string(): string {
    const start = this.#at;
    let at = start + 1;
    let escaped = false;
    for (; ; at++) {
      const unit = this.#text.charCodeAt(at);
      if (unit === 0x22) break;
      // NaN, past the end, is not below either bound.
      if (!(unit >= 0x20)) {
        this.#at = Math.min(at, this.#text.length);
        throw this.#fault("text must end with a quote and have its control characters escaped");
      }
      if (unit !== 0x5c) continue;
      escaped = true;
      stringEscape.lastIndex = at;
      if (!stringEscape.test(this.#text)) {
        this.#at = at;
        throw this.#fault('a backslash in text must begin one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX');
      }
      at = stringEscape.lastIndex - 1;
    }
    this.#at = at + 1;
    return escaped ? (JSON.parse(this.#text.slice(start, at + 1)) as string) : this.#text.slice(start + 1, at);
  }

  #number(): number | bigint {
    numberToken.lastIndex = this.#at;
    const token = numberToken.exec(this.#text)?.[0];
    if (token === undefined) throw this.#fault("a value must stand here");
    this.#at += token.length;
    const number = Number(token);
    return Number.isSafeInteger(number) || !/^-?\d{1,400}$/.test(token) ? number : BigInt(token);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#fault("a value must stand here");
    this.#at += word.length;
    return value;
  }

  #skipSpace(): void {
    for (; ; this.#at++) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    }
  }

  #took(mark: string): boolean {
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  #fault(rule: string): JsonFault {
    const found = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    const value = this.#at >= this.#text.length ? "the end of the text" : JSON.stringify(found);
    return new JsonFault(this.#at, `Cannot read the JSON as ${rule}: it is ${value}`);
  }
}

const stringEscape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
