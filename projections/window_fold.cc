#include "projections/window_fold.h"

#include <utility>

#include "events/codec.h"

namespace sluice {
namespace {

constexpr uint64_t kProgressEvery = 20'000;

// As UnpackToFold, and with the payload where a projection reads it: a remembered command's, for
// its fingerprint, and the reply that an Answered brings.
Result<void> UnpackToProject(std::string_view bytes, FoldedRecord* out) {
  if (auto unpacked = UnpackToFold(bytes, out); !unpacked) return unpacked;
  std::optional<Decision>& decision = out->record.decision;
  if (!decision || !decision->command) return {};
  if (!IsRemembered(*decision) && out->payload.type_name != TypeOf<Answered>().name) return {};
  auto payload = UnpackPayload(out->payload);
  if (!payload) return tl::unexpected(std::move(payload.error()));
  decision->command->payload = std::move(*payload);
  return {};
}

}  // namespace

WindowFold::WindowFold(PartitionStore& store, ReplayWindow& window,
                       std::function<void(uint64_t folded)> on_progress)
    : store_(store), window_(window), on_progress_(std::move(on_progress)), runs_(window.Runs()) {}

Result<const ProjectedEntity*> WindowFold::Next() {
  while (next_ < runs_.size()) {
    const ReplayWindow::Run& run = runs_[next_++];
    // What was addressed to no entity has no history: the log alone holds it.
    if (!ParseEntityKey(run.entity)) continue;
    if (auto failed = Fold(run, UINT64_MAX)) return tl::unexpected(FirstOf(std::move(*failed)));
    if (LoadedEntity& loaded = entity_->loaded; loaded.state) {
      entity_->Touch(loaded, *loaded.stored, loaded.state->items.TakeChanges());
    }
    return &*entity_;
  }
  return nullptr;
}

std::optional<WindowFold::Failure> WindowFold::Fold(const ReplayWindow::Run& run, uint64_t end) {
  std::optional<Failure> failure;
  entity_.emplace(run.entity);
  entity_->prefix = run.prefix;
  window_.ForEach(run, [&](const ReplayWindow::Record& record) {
    if (record.sequence >= end) return false;
    if (auto folded = FoldRecord(record); !folded) {
      failure = Failure{record.sequence, std::move(folded.error())};
      return false;
    }
    if (++folded_ % kProgressEvery == 0 && on_progress_) on_progress_(folded_);
    return true;
  });
  return failure;
}

// The rest of the window may hold an earlier one.
Error WindowFold::FirstOf(Failure failure) {
  while (next_ < runs_.size()) {
    const ReplayWindow::Run& run = runs_[next_++];
    if (!ParseEntityKey(run.entity)) continue;
    if (auto earlier = Fold(run, failure.sequence)) failure = std::move(*earlier);
  }
  return std::move(failure.error);
}

Result<void> WindowFold::FoldRecord(const ReplayWindow::Record& bytes) {
  const auto unpacked = UnpackToProject(bytes.bytes, &record_);
  if (!unpacked) {
    return Err(unpacked.error().code, "record {}:{}: {}", store_.partition(), bytes.sequence,
               unpacked.error().message);
  }
  const LogRecord& record = record_.record;
  const Decision& decision = *record.decision;
  entity_->AddDecision(bytes.sequence, decision);
  if (FoldedEntity(decision).empty()) return {};
  if (!entity_->loaded.state) {
    auto loaded = LoadForReplay(store_, entity_->key);
    if (!loaded) return tl::unexpected(ErrorIn(record, loaded.error()));
    entity_->loaded = std::move(*loaded);
  }
  auto folded = FoldOne(entity_->loaded, record);
  if (folded) entity_->Folded();
  return folded;
}

tl::unexpected<Error> FirstFailure(PartitionStore& store, ReplayWindow& window, Error later) {
  WindowFold fold(store, window, nullptr);
  while (true) {
    const auto entity = fold.Next();
    if (!entity) return tl::unexpected(entity.error());
    if (*entity == nullptr) return tl::unexpected(std::move(later));
  }
}

Result<LoadedEntity> LoadForReplay(PartitionStore& store, std::string_view entity) {
  const auto key = ParseEntityKey(entity);
  if (!key) return tl::unexpected(key.error());
  auto loaded = store.Load(*key);
  // What was never stored has no items: the machine need not look for them.
  if (loaded && loaded->stored->packed == nullptr) loaded->state->items.set_source(nullptr);
  return loaded;
}

Result<void> FoldOne(LoadedEntity& entity, const LogRecord& record) {
  try {
    return FoldEntity(entity, *record.decision, record.sequence);
  } catch (const LoadFailure& failure) {
    return tl::unexpected(ErrorIn(record, Error{ErrorCode::kIo, failure.what()}));
  }
}

Error ErrorIn(const LogRecord& record, const Error& error) {
  return Error{error.code, fmt::format("{} at {}:{}: {}", record.decision->command->entity,
                                       record.partition, record.sequence, error.message)};
}

}  // namespace sluice
