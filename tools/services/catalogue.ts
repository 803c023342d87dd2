import { cassandra } from "./cassandra.ts";
import type { Service } from "./service.ts";

/** Every server that can be started. */
export const services: readonly Service[] = [cassandra];
