#include "engine/open_journal.h"

#include <algorithm>
#include <filesystem>

#include "engine/journal/embedded_import.h"
#include "engine/journal/embedded_journal.h"
#include "engine/journal/kafka/kafka_import.h"
#include "engine/journal/kafka/kafka_journal.h"
#include "engine/journal/kafka/kafka_properties.h"
#include "engine/open_import.h"

namespace sluice {
namespace {

constexpr uint32_t kPartitionsDefault = 4;

Result<std::unique_ptr<Journal>> OpenEmbedded(const JournalChoice& choice) {
  EmbeddedOptions options;
  options.path = choice.data_dir + (choice.archive ? "/archive" : "/journal");
  const std::string unfinished = EmbeddedImport::UnfinishedPath(options.path);
  std::error_code ignored;
  if (std::filesystem::exists(unfinished, ignored)) {
    return Err(ErrorCode::kInvalid,
               "the import into it is not finished: run 'sluice import' once more, which begins "
               "anew, or remove {}",
               unfinished);
  }
  options.partitions = choice.partitions;
  options.clock = choice.clock;
  options.on_fatal = choice.on_fatal;
  auto journal = EmbeddedJournal::Open(options);
  if (!journal && journal.error().code == ErrorCode::kNotFound && choice.partitions == 0) {
    options.partitions = kPartitionsDefault;
    journal = EmbeddedJournal::Open(options);
  }
  if (!journal) return tl::unexpected<Error>(std::move(journal.error()));
  return std::unique_ptr<Journal>(std::move(*journal));
}

KafkaOptions KafkaOptionsOf(const JournalChoice& choice) {
  KafkaOptions options;
  options.bootstrap = choice.kafka->bootstrap;
  options.cluster = choice.kafka->cluster;
  options.replication = choice.kafka->replication;
  options.properties = choice.kafka->properties;
  options.partitions = choice.partitions;
  options.archive_path = choice.data_dir + "/archive";
  options.clock = choice.clock;
  options.on_appended = choice.on_appended;
  options.on_again = choice.on_again;
  options.shares = choice.kafka->shares;
  options.node = choice.kafka->node;
  options.warm = choice.kafka->warm;
  options.on_fatal = choice.on_fatal;
  return options;
}

Result<std::unique_ptr<Journal>> OpenKafka(const JournalChoice& choice) {
  auto journal = KafkaJournal::Open(KafkaOptionsOf(choice));
  if (!journal) return tl::unexpected<Error>(std::move(journal.error()));
  return std::unique_ptr<Journal>(std::move(*journal));
}

}  // namespace

Result<std::unique_ptr<LogImport>> OpenImport(const JournalChoice& choice,
                                              const ImportSource& source) {
  if (choice.kafka) {
    auto import = KafkaImport::Begin(KafkaOptionsOf(choice), source);
    if (!import) return tl::unexpected<Error>(std::move(import.error()));
    return std::unique_ptr<LogImport>(std::move(*import));
  }
  auto import = EmbeddedImport::Begin(choice.data_dir + "/journal", source, *choice.clock);
  if (!import) return tl::unexpected<Error>(std::move(import.error()));
  return std::unique_ptr<LogImport>(std::move(*import));
}

Result<void> CheckKafka(const KafkaCluster& kafka) {
  return kafka::CheckProperties(kafka.properties);
}

bool HoldsSecrets(const KafkaCluster& kafka) {
  return std::any_of(kafka.properties.begin(), kafka.properties.end(),
                     [](const auto& property) { return kafka::IsSecret(property.first); });
}

Result<std::unique_ptr<Journal>> OpenJournal(const JournalChoice& choice) {
  return choice.kafka ? OpenKafka(choice) : OpenEmbedded(choice);
}

}  // namespace sluice
