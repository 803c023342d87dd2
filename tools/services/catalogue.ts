import { cassandra } from "./cassandra.ts";
import { kafka, kafka4 } from "./kafka.ts";
import { mosquitto } from "./mosquitto.ts";
import { nats } from "./nats.ts";
import { rabbitmq } from "./rabbitmq.ts";
import type { Service } from "./service.ts";

/** Every server that can be started. */
export const services: readonly Service[] = [kafka, kafka4, cassandra, nats, rabbitmq, mosquitto];
