#include "replay/tests/recorded.h"

#include <gtest/gtest.h>

#include <sstream>

#include "events/codec.h"
#include "events/json.h"
#include "events/json_writer.h"

namespace sluice::replay {
namespace {

std::vector<Json> LinesOf(const Archive& archive, const std::string& verb,
                          std::map<std::string, std::string, std::less<>> parameters) {
  std::vector<Json> lines;
  Ask(archive, {.verb = verb, .parameters = std::move(parameters)},
      {.build = "test", .now = Time{2'000'000'000'000'000}, .stop = {}},
      [&](const std::string& line) {
        lines.push_back(Json::parse(line));
        return true;
      });
  return lines;
}

}  // namespace

Recorded::Recorded(uint32_t partitions, const KindRegistry& kinds)
    : kinds_(kinds), cluster_(std::make_unique<testing::Cluster>(kinds, partitions)) {
  EXPECT_TRUE(cluster_->OpenAll());
  EXPECT_TRUE(cluster_->Run());
}

Decision Recorded::Send(const std::string& entity, const std::string& command,
                        const std::string& payload, const std::string& id,
                        const std::string& actor) {
  std::string json = fmt::format(R"({{"entity":{},"command":{},"payload":{},"actor":{}{}}})",
                                 QuoteJson(entity), QuoteJson(command), payload, QuoteJson(actor),
                                 id.empty() ? "" : ",\"id\":" + QuoteJson(id));
  auto parsed = CommandFromJson(json, kinds_);
  EXPECT_TRUE(parsed) << parsed.error().message;
  cluster_->clock().Advance(Duration::Millis(250));
  const uint64_t ticket = cluster_->Send(*std::move(parsed));
  EXPECT_TRUE(cluster_->Run());
  return *cluster_->answers().at(ticket)->decision;
}

void Recorded::Advance(Duration step) {
  cluster_->clock().Advance(step);
  EXPECT_TRUE(cluster_->Run());
}

std::unique_ptr<MemoryArchive> Recorded::Archive(const Change& change, bool rechain,
                                                 const KindRegistry* kinds) const {
  auto archive = std::make_unique<MemoryArchive>(kinds != nullptr ? *kinds : kinds_,
                                                 cluster_->partition_count());
  for (uint32_t partition = 0; partition < cluster_->partition_count(); ++partition) {
    Hash128 chain;
    for (LogRecord& record : cluster_->Log(partition)) {
      if (rechain) record.previous = chain;
      if (change) change(record);
      Bytes bytes = Pack(record);
      chain = Xxh128(bytes);
      EXPECT_TRUE(archive->Add(partition, std::move(bytes)));
    }
  }
  return archive;
}

void RunPoolDry(Recorded& recorded) {
  recorded.Send("clusterconfig/sluice-system/cluster", "Apply",
                R"({"spec":{"localIpv4Pools":["127.64.0.0/16"]}})");
  recorded.Send("location/default/here", "Apply", R"({"spec":{"provider":"local"}})");
  recorded.Send("network/default/default", "Apply", R"({"spec":{"ipFamilies":["IPv4"]}})");
  recorded.Advance(Duration::Seconds(1));
  recorded.Send("network/default/shop", "Apply", R"({"spec":{"ipFamilies":["IPv4"]}})", "", "bob");
  recorded.Send(
      "binding/default/web", "Apply",
      R"({"spec":{"bindingKey":"team-a/web","desiredRevision":"v1","template":{"presetId":"web",
          "spec":{"location":{"name":"here"},"networkInterfaces":[{"network":{"name":"shop"}}],
          "runtime":{"process":{"command":["./web"]}}}}}})",
      "roll-out-v1");
  recorded.Advance(Duration::Seconds(5));
}

Json AskFor(const Archive& archive, const std::string& verb,
            std::map<std::string, std::string, std::less<>> parameters) {
  const auto lines = LinesOf(archive, verb, std::move(parameters));
  if (lines.empty() || !lines.back().contains("result")) {
    ADD_FAILURE() << verb << ": " << (lines.empty() ? "no answer" : lines.back().dump());
    return Json::object();
  }
  return lines.back()["result"];
}

std::string RefusalOf(const Archive& archive, const std::string& verb,
                      std::map<std::string, std::string, std::less<>> parameters) {
  const auto lines = LinesOf(archive, verb, std::move(parameters));
  if (lines.empty() || !lines.back().contains("error")) return "";
  return lines.back()["error"]["message"].get<std::string>();
}

std::vector<Json> ItemsOf(const Archive& archive, const std::string& verb,
                          std::map<std::string, std::string, std::less<>> parameters) {
  std::vector<Json> items;
  for (const Json& line : LinesOf(archive, verb, std::move(parameters))) {
    if (line.contains("item")) items.push_back(line["item"]);
  }
  return items;
}

std::string FileOf(const Archive& archive, ExportForm form,
                   std::map<std::string, std::string, std::less<>> question) {
  const auto items = ItemsOf(archive, "export", std::move(question));
  EXPECT_FALSE(items.empty());
  ExportHeader header;
  header.partitions = items[0]["partitions"];
  header.epoch = items[0]["epoch"];
  header.build = items[0]["build"];
  header.complete = items[0]["complete"];
  header.filter = items[0]["filter"];
  header.redacted = items[0]["redacted"].get<std::vector<std::string>>();
  header.coverage = std::get<Coverage>(
      *ParseResourceVersion(std::string(items[0]["coverage"]), header.partitions));
  std::ostringstream out;
  ExportWriter writer(out, form, header);
  for (size_t i = 1; i < items.size(); ++i) {
    ExportedRecord record;
    record.position = *ParsePosition(std::string(items[i]["position"]), header.partitions);
    EXPECT_TRUE(DecodeBase64(std::string(items[i]["record"]), &record.bytes));
    writer.Add(record);
  }
  EXPECT_TRUE(writer.Finish());
  return out.str();
}

}  // namespace sluice::replay
