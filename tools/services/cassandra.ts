import { readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { java } from "./java.ts";
import { jars } from "./maven.ts";
import { probe } from "./probe.ts";
import type { Launch, Place, Service } from "./service.ts";

const version = "5.0.8";

/** What Cassandra's own `conf/jvm17-server.options` opens, and what measuring prepared statements reads. */
const exports = `java.base/jdk.internal.misc java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry
  java.rmi/sun.rmi.server java.sql/java.sql java.base/java.lang.ref jdk.unsupported/sun.misc
  jdk.compiler/com.sun.tools.javac.file jdk.attach/sun.tools.attach`;
const opens = `java.base/java.lang.module java.base/jdk.internal.loader java.base/jdk.internal.ref
  java.base/jdk.internal.reflect java.base/jdk.internal.math java.base/jdk.internal.module java.base/jdk.internal.util.jar
  jdk.management/com.sun.management.internal java.base/sun.nio.ch java.base/java.io java.base/java.lang.reflect
  jdk.compiler/com.sun.tools.javac java.base/java.lang java.base/java.util java.base/java.nio java.base/java.nio.charset
  java.base/java.util.concurrent java.base/java.util.concurrent.atomic`;

/** Cassandra, one node of the datacenter `datacenter1`, for which 512 MiB of heap are enough. */
export const cassandra: Service = {
  name: "cassandra",
  version,
  ports: ["cql", "storage"],
  obtain: (cache) => jars(cache, `cassandra-${version}`, [`org.apache.cassandra:cassandra-all:${version}`]),
  prepare,
  // A request for OPTIONS in version 4 of the protocol; the answer has the opcode SUPPORTED.
  isReady: ({ ports }) =>
    probe(ports.cql ?? 0, Uint8Array.of(4, 0, 0, 0, 5, 0, 0, 0, 0), (bytes) => bytes.length >= 9 && bytes[4] === 6),
};

async function prepare({ home, folder, ports }: Place): Promise<Launch> {
  const conf = join(folder, "conf");
  const data = join(folder, "data");
  for (const path of [conf, join(data, "triggers")]) await mkdir(path, { recursive: true });
  await writeFile(join(conf, "cassandra.yaml"), yaml(ports));
  await writeFile(join(conf, "logback.xml"), logback);
  const jamm = readdirSync(home).find((name) => name.startsWith("jamm-"));
  const agent = join(home, jamm ?? "jamm.jar");
  const each = (option: string, packages: string) =>
    packages.split(/\s+/).flatMap((name) => [option, `${name}=ALL-UNNAMED`]);
  return {
    command: await java(),
    args: [
      ...["-cp", `${conf}:${home}/*`, "-Xms512m", "-Xmx512m", "-Xss256k", "-XX:MaxDirectMemorySize=256m"],
      ...["-XX:+UseG1GC", "-XX:MaxGCPauseMillis=300", "-XX:+PerfDisableSharedMem", "-XX:+ExitOnOutOfMemoryError"],
      ...["-Djava.net.preferIPv4Stack=true", "-Djava.security.manager=allow", "-Djdk.attach.allowAttachSelf=true"],
      ...[`-javaagent:${agent}`, `-Xbootclasspath/a:${agent}`],
      ...each("--add-exports", exports),
      ...each("--add-opens", opens),
      ...["-Dio.netty.tryReflectionSetAccessible=true", "-Dio.netty.allocator.maxOrder=11"],
      ...["-Dcassandra-foreground=yes", `-Dcassandra.storagedir=${data}`, `-Dcassandra.triggers_dir=${data}/triggers`],
      ...[`-Dcassandra.logdir=${folder}`, `-Dcassandra.config=file://${conf}/cassandra.yaml`],
      `-Dlogback.configurationFile=file://${conf}/logback.xml`,
      // One node has nobody to wait for.
      ...["-Dcassandra.ring_delay_ms=100", "-Dcassandra.skip_wait_for_gossip_to_settle=0"],
      "-Dcassandra.superuser_setup_delay_ms=0",
      "org.apache.cassandra.service.CassandraDaemon",
    ],
  };
}

const yaml = (ports: Place["ports"]) => `cluster_name: millrace
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
# What was acknowledged must outlive kill -9, as in a cluster whose other replicas live on.
commitlog_sync: batch
endpoint_snitch: SimpleSnitch
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
storage_port: ${ports.storage}
native_transport_port: ${ports.cql}
start_native_transport: true
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{ seeds: "127.0.0.1:${ports.storage}" }]
auto_snapshot: false
hinted_handoff_enabled: false
commitlog_segment_size: 8MiB
memtable_heap_space: 128MiB
memtable_offheap_space: 128MiB
concurrent_compactors: 1
key_cache_size: 16MiB
`;

const logback = `<configuration>
  <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %logger{20} - %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="STDOUT"/></root>
</configuration>
`;
