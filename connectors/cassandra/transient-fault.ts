import type { Driver } from "./driver.ts";

/** The request may succeed later without a change by anyone: a node is lost, slow, full or just starting. */
export function isTransient(thrown: unknown, { errors, types }: Driver): boolean {
  if (thrown instanceof errors.ResponseError) {
    const codes = types.responseErrorCodes;
    const transient: readonly number[] = [
      codes.serverError,
      codes.unavailableException,
      codes.overloaded,
      codes.isBootstrapping,
      codes.truncateError,
      codes.writeTimeout,
      codes.readTimeout,
      codes.readFailure,
      codes.writeFailure,
      codes.unprepared,
    ];
    return transient.includes(thrown.code);
  }
  if (thrown instanceof errors.NoHostAvailableError) {
    const inner = Object.values(thrown.innerErrors as Record<string, unknown>);
    return inner.length === 0 || inner.some((error) => isTransient(error, { errors, types } as Driver));
  }
  if (thrown instanceof errors.AuthenticationError || thrown instanceof errors.ArgumentError) return false;
  // A time-out, a connection that broke or is full, or none: whatever else the driver throws for the world's faults.
  return thrown instanceof errors.DriverError || isSocketFault(thrown);
}

function isSocketFault(thrown: unknown): boolean {
  const { code, isSocketError } = thrown as { code?: unknown; isSocketError?: unknown };
  return isSocketError === true || (typeof code === "string" && /^(E[A-Z]+)$/.test(code));
}
