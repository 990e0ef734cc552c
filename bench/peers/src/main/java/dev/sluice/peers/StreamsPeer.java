package dev.sluice.peers;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * What `sluice bench kafka` compares a node with: exactly_once_v2, a RocksDB store with its changelog, and per command
 * of the input one read and one write of its entity's state and one record of the output. State and record have the
 * sizes that a node's have.
 *
 * <p>Arguments: bootstrap input output application-id threads commit-ms state-bytes record-bytes state-directory. It
 * prints "running", then for each byte of its standard input how many commands it has processed, and ends with that.
 */
public final class StreamsPeer {
  private static final String STORE = "entities";
  private static final AtomicLong PROCESSED = new AtomicLong();

  /** One entity's next version, and as many bytes as a state has. */
  private static final class Decide implements Processor<byte[], byte[], byte[], byte[]> {
    private final int stateBytes;
    private final byte[] decision;
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<byte[], byte[]> store;

    Decide(int stateBytes, int recordBytes) {
      this.stateBytes = stateBytes;
      decision = new byte[recordBytes];
      Arrays.fill(decision, (byte) 'x');
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> given) {
      context = given;
      store = given.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> command) {
      byte[] state = store.get(command.key());
      if (state == null) {
        state = new byte[stateBytes];
      }
      ByteBuffer numbers = ByteBuffer.wrap(state);
      numbers.putLong(0, numbers.getLong(0) + 1);
      store.put(command.key(), state);
      context.forward(command.withValue(decision.clone()));
      PROCESSED.incrementAndGet();
    }
  }

  private StreamsPeer() {}

  public static void main(String[] args) throws Exception {
    final String bootstrap = args[0];
    final int stateBytes = Integer.parseInt(args[6]);
    final int recordBytes = Integer.parseInt(args[7]);
    Properties config = new Properties();
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, args[3]);
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.parseInt(args[4]));
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, Integer.parseInt(args[5]));
    config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    config.put(StreamsConfig.STATE_DIR_CONFIG, args[8]);
    config.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");

    StoreBuilder<KeyValueStore<byte[], byte[]>> store =
        Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(STORE), Serdes.ByteArray(), Serdes.ByteArray())
            .withLoggingEnabled(Map.of());
    ProcessorSupplier<byte[], byte[], byte[], byte[]> decide =
        () -> new Decide(stateBytes, recordBytes);
    Topology topology = new Topology();
    topology.addSource(
        "commands",
        Serdes.ByteArray().deserializer(),
        Serdes.ByteArray().deserializer(),
        args[1]);
    topology.addProcessor("decide", decide, "commands");
    topology.addStateStore(store, "decide");
    topology.addSink(
        "events",
        args[2],
        Serdes.ByteArray().serializer(),
        Serdes.ByteArray().serializer(),
        "decide");

    KafkaStreams streams = new KafkaStreams(topology, config);
    CountDownLatch running = new CountDownLatch(1);
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.RUNNING) {
            running.countDown();
          }
        });
    streams.start();
    if (!running.await(60, TimeUnit.SECONDS)) {
      System.err.println("not running after 60 s");
      System.exit(1);
    }
    System.out.println("running");
    while (System.in.read() >= 0) {
      System.out.println(PROCESSED.get());
    }
    streams.close();
  }
}
