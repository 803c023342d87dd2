import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { certificates, keyStore } from "./certificates.ts";
import { mustRun } from "./command.ts";
import { java } from "./java.ts";
import { jars } from "./maven.ts";
import { probe } from "./probe.ts";
import type { Launch, Place, Service } from "./service.ts";

/** Who may log in at the port `sasl`, by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
export const kafkaLogin = { login: "millrace", password: "millrace-password" } as const;

/** The oldest line that is kept, with controller and broker in one process. */
export const kafka = kafkaOf("kafka", "3.9.2", "org.slf4j:slf4j-reload4j:1.7.36");

/** The newest line: protocols that older ones still have are gone there. */
export const kafka4 = kafkaOf("kafka-4", "4.3.0", "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3");

function kafkaOf(name: string, version: string, logging: string): Service {
  return {
    name,
    version,
    ports: ["plain", "sasl", "tls", "controller"],
    obtain: (cache) => jars(cache, `kafka-${version}`, [`org.apache.kafka:kafka_2.13:${version}`, logging]),
    prepare,
    // A request for ApiVersions in its first version; the answer repeats the correlation id 7.
    isReady: ({ ports }) =>
      probe(
        ports.plain ?? 0,
        Uint8Array.of(0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 255, 255),
        (bytes) => bytes.length >= 8 && bytes.readInt32BE(4) === 7,
      ),
  };
}

async function prepare({ home, folder, ports }: Place): Promise<Launch> {
  const data = join(folder, "data");
  const properties = join(folder, "server.properties");
  const log4j = join(folder, "log4j.properties");
  const log4j2 = join(folder, "log4j2.properties");
  await mkdir(data, { recursive: true });
  const { ca, ...others } = await certificates(folder);
  await writeFile(properties, serverProperties(ports, data, ca, await keyStore({ ca, ...others })), { mode: 0o600 });
  await writeFile(
    log4j,
    "log4j.rootLogger=WARN,out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n" +
      "log4j.appender.out.layout=org.apache.log4j.PatternLayout\nlog4j.appender.out.layout.ConversionPattern=%d %p %c %m%n\n",
  );
  await writeFile(
    log4j2,
    "rootLogger.level=WARN\nrootLogger.appenderRef.out.ref=out\nappender.out.type=Console\n" +
      "appender.out.name=out\nappender.out.layout.type=PatternLayout\nappender.out.layout.pattern=%d %p %c %m%n\n",
  );
  const program = await java();
  const options = [
    ...["-cp", `${home}/*`, "-Xms256m", "-Xmx512m", "-XX:MaxDirectMemorySize=256m", "-XX:+UseG1GC"],
    ...["-XX:MaxGCPauseMillis=20", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true"],
    ...[
      `-Dkafka.logs.dir=${folder}`,
      `-Dlog4j.configuration=file:${log4j}`,
      `-Dlog4j2.configurationFile=file:${log4j2}`,
    ],
  ];
  if (!existsSync(join(data, "meta.properties"))) {
    const { login, password } = kafkaLogin;
    const users = ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => [
      "--add-scram",
      `${mechanism}=[name=${login},password=${password}]`,
    ]);
    // A fixed name of the cluster: there is one in each folder.
    const format = ["format", "-t", "bWlsbHJhY2UtdGVzdHMtMQ", "-c", properties, "--ignore-formatted", ...users];
    await mustRun("format the log of Kafka", program, [...options, "kafka.tools.StorageTool", ...format]);
  }
  return { command: program, args: [...options, "kafka.Kafka", properties] };
}

function serverProperties(ports: Place["ports"], data: string, ca: string, store: string): string {
  const { login, password } = kafkaLogin;
  const jaas = (module: string) => `org.apache.kafka.common.security.${module} required`;
  const at = (name: string, port: number | undefined) => `${name}://127.0.0.1:${port}`;
  const clients = [at("PLAIN", ports.plain), at("LOGIN", ports.sasl), at("TLS", ports.tls)].join(",");
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports.controller}
listeners=${clients},${at("CONTROLLER", ports.controller)}
advertised.listeners=${clients}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,LOGIN:SASL_PLAINTEXT,TLS:SSL
listener.name.login.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.login.plain.sasl.jaas.config=${jaas("plain.PlainLoginModule")} user_${login}="${password}";
listener.name.login.scram-sha-256.sasl.jaas.config=${jaas("scram.ScramLoginModule")};
listener.name.login.scram-sha-512.sasl.jaas.config=${jaas("scram.ScramLoginModule")};
listener.name.tls.ssl.client.auth=requested
ssl.keystore.type=PEM
ssl.keystore.location=${store}
ssl.truststore.type=PEM
ssl.truststore.location=${ca}
log.dirs=${data}
num.partitions=4
# Tests ask for topics that are not there.
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# Tests stop a member for longer than its session.
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=4194304
`;
}
