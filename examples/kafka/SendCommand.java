// Sends one command to Sluice with Kafka's own Java client: SendCommand BROKERS CLUSTER ENTITY JSON.
// The client's default partitioner is the one Sluice is built on; the key is the entity.
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

public final class SendCommand {
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", args[0]);
    properties.put("enable.idempotence", "true");
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
      ProducerRecord<String, String> record =
          new ProducerRecord<>(args[1] + ".commands", args[2], args[3]);
      record.headers().add("content-type", "application/json".getBytes(StandardCharsets.UTF_8));
      record.headers().add("actor", "java".getBytes(StandardCharsets.UTF_8));
      RecordMetadata sent = producer.send(record).get();
      System.out.println(sent.partition() + " " + sent.offset());
    }
  }
}
