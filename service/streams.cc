#include "service/streams.h"

#include <algorithm>

#include "events/result.h"
#include "service/render.h"

namespace sluice::service {
namespace {

constexpr size_t kEventsPerPoll = 128;
constexpr int kPollsPerChunk = 32;
constexpr size_t kLogChunkBytes = 64 * 1024;

std::string_view TypeName(WatchEvent::Type type) {
  switch (type) {
    case WatchEvent::Type::kAdded:
      return "ADDED";
    case WatchEvent::Type::kModified:
      return "MODIFIED";
    case WatchEvent::Type::kDeleted:
      return "DELETED";
  }
  Unreachable();
}

class WatchStream : public Stream {
 public:
  WatchStream(std::unique_ptr<Subscription> subscription, std::shared_ptr<Waker> waker,
              WatchView view)
      : waker_(std::move(waker)), subscription_(std::move(subscription)), view_(std::move(view)) {}

  Chunk Next() override {
    Chunk chunk;
    if (view_.ends_at_us && view_.now_us() >= *view_.ends_at_us) {
      chunk.bytes = Bookmark();
      chunk.end = true;
      return chunk;
    }
    for (int i = 0; i < kPollsPerChunk; ++i) {
      const auto events = subscription_->Poll(kEventsPerPoll);
      if (!events) {
        chunk.bytes += RenderErrorEvent(events.error());
        chunk.end = true;
        return chunk;
      }
      if (events->empty()) return Idle();
      for (const WatchEvent& event : *events) Append(event, &chunk.bytes);
      if (!chunk.bytes.empty()) return chunk;
    }
    // Nothing of all that matched; let other connections have their turn.
    chunk.ask_again = std::chrono::milliseconds(1);
    return chunk;
  }

  std::string Farewell() override { return Bookmark(); }
  std::shared_ptr<Waker> waker() const override { return waker_; }

 private:
  void Append(const WatchEvent& event, std::string* out) {
    const auto type = TypeBehindFilter(view_.filter, event);
    if (!type) return;
    *out += view_.line(TypeName(*type), event, first_);
    first_ = false;
  }

  Chunk Idle() {
    Chunk chunk;
    const int64_t now_us = view_.now_us();
    if (now_us >= next_bookmark_us_) {
      // The first one tells that what was there at the start has all been sent.
      chunk.bytes = Bookmark();
      next_bookmark_us_ = now_us + view_.bookmark_every_us;
    }
    const int64_t next_us = std::min(next_bookmark_us_, view_.ends_at_us.value_or(INT64_MAX));
    chunk.ask_again = std::chrono::milliseconds(std::max<int64_t>(1, (next_us - now_us) / 1000));
    return chunk;
  }

  std::string Bookmark() const {
    if (view_.bookmark_kind.empty()) return {};
    return RenderBookmark(view_.bookmark_kind, subscription_->Position());
  }

  std::shared_ptr<Waker> waker_;
  std::unique_ptr<Subscription> subscription_;
  WatchView view_;
  bool first_ = true;
  int64_t next_bookmark_us_ = 0;
};

class LogStream : public Stream {
 public:
  LogStream(std::unique_ptr<LogReader> reader, bool follow, std::chrono::milliseconds poll)
      : reader_(std::move(reader)), follow_(follow), poll_(poll) {}

  Chunk Next() override {
    Chunk chunk;
    auto read = reader_->Read(kLogChunkBytes);
    if (!read) {
      // The head is sent, so the fault can only be told in the text.
      chunk.bytes = "\nsluice: " + read.error().message + "\n";
      chunk.end = true;
      return chunk;
    }
    chunk.bytes = std::move(read->bytes);
    chunk.end = read->end || (chunk.bytes.empty() && !follow_);
    chunk.ask_again = poll_;
    return chunk;
  }

 private:
  std::unique_ptr<LogReader> reader_;
  bool follow_;
  std::chrono::milliseconds poll_;
};

}  // namespace

std::optional<WatchEvent::Type> TypeBehindFilter(const ObjectFilter& filter,
                                                 const WatchEvent& event) {
  if (filter.empty()) return event.type;
  const bool matched =
      event.type != WatchEvent::Type::kAdded && (!event.before || filter.Matches(*event.before));
  if (event.type == WatchEvent::Type::kDeleted) {
    return matched ? std::optional(WatchEvent::Type::kDeleted) : std::nullopt;
  }
  const bool matches = filter.Matches(event.object.json);
  if (matches) return matched ? WatchEvent::Type::kModified : WatchEvent::Type::kAdded;
  return matched ? std::optional(WatchEvent::Type::kDeleted) : std::nullopt;
}

std::unique_ptr<Stream> MakeWatchStream(std::unique_ptr<Subscription> subscription,
                                        std::shared_ptr<Waker> waker, WatchView view) {
  return std::make_unique<WatchStream>(std::move(subscription), std::move(waker), std::move(view));
}

std::unique_ptr<Stream> MakeLogStream(std::unique_ptr<LogReader> reader, bool follow,
                                      std::chrono::milliseconds poll) {
  return std::make_unique<LogStream>(std::move(reader), follow, poll);
}

}  // namespace sluice::service
